import type { Page } from 'playwright-core';
import { launchBrowser, openContext } from '../../scripts/n8n/browser';
import type { Bench } from './cases';

/** A page of a browser of its own; it is closed when the case is over. */
export async function openPage(bench: Bench): Promise<Page> {
	const browser = await launchBrowser();
	bench.atEnd(async () => await browser.close());
	const context = await openContext(browser, { acceptDownloads: true });
	return await context.newPage();
}
