/* Debian's Chromium, for what people see. It reaches this machine only. */
import { existsSync } from 'node:fs';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions } from 'playwright-core';

const EXECUTABLES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const FLAGS = [
	'--no-sandbox',
	'--disable-gpu',
	'--disable-quic',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync',
];

function executablePath(): string {
	const path = process.env.CHROMIUM_PATH ?? EXECUTABLES.find((candidate) => existsSync(candidate));
	if (path) return path;
	throw new Error('There is no browser. Debian: apt-get install --no-install-recommends chromium');
}

export async function launchBrowser(): Promise<Browser> {
	return await chromium.launch({ executablePath: executablePath(), headless: true, args: FLAGS });
}

/** A profile of its own whose pages reach nothing but this machine. */
export async function openContext(
	browser: Browser,
	options: BrowserContextOptions = {},
): Promise<BrowserContext> {
	const context = await browser.newContext(options);
	await context.route(
		(url) => !['localhost', '127.0.0.1'].includes(url.hostname) && /^https?:$/.test(url.protocol),
		async (route) => await route.abort(),
	);
	return context;
}
