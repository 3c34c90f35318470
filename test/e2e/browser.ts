import type { Page } from 'playwright-core';
import { launchBrowser, openContext } from '../../scripts/n8n/browser';
import type { Bench } from './cases';

/** A page of a browser of its own; it is closed when the case is over. */
export async function openPage(bench: Bench, url = 'about:blank'): Promise<Page> {
	const browser = await launchBrowser();
	bench.atEnd(async () => await browser.close());
	const context = await openContext(browser, { acceptDownloads: true });
	const page = await context.newPage();
	await page.goto(url);
	return page;
}

/** Sends the form that the page shows, and waits until it shows a text. */
export async function sendForm(page: Page, text: string): Promise<void> {
	await page.click('[data-test-id=form-submit-button], #submit-btn');
	await page.getByText(text).first().waitFor({ timeout: 120_000 });
}
