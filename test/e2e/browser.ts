/* Debian's Chromium, for what people see. It reaches this machine only. */
import { existsSync } from 'node:fs';
import { chromium, type Page } from 'playwright-core';
import type { Bench } from './cases';

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

/** A page of a browser of its own; it is closed when the case is over. */
export async function openPage(bench: Bench): Promise<Page> {
	const browser = await chromium.launch({ executablePath: executablePath(), headless: true, args: FLAGS });
	bench.atEnd(async () => await browser.close());
	const context = await browser.newContext({ acceptDownloads: true });
	await context.route(
		(url) => !['localhost', '127.0.0.1'].includes(url.hostname) && /^https?:$/.test(url.protocol),
		async (route) => await route.abort(),
	);
	return await context.newPage();
}
