import type { Page } from 'playwright-core';
import { launchBrowser, openContext } from '../../scripts/n8n/browser';
import type { Bench } from './cases';

/** A page of a browser of its own; it is closed when the case is over. */
export async function openPage(bench: Bench, url = 'about:blank'): Promise<Page> {
	const browser = await launchBrowser();
	bench.atEnd(async () => await browser.close());
	const context = await openContext(browser, { acceptDownloads: true });
	// Only what never comes is to fail by the time it takes.
	context.setDefaultTimeout(120_000);
	const page = await context.newPage();
	await page.goto(url);
	return page;
}

/** Sends the form that the page shows, and waits until the next page is there whole and shows a text. */
export async function sendForm(page: Page, text: string): Promise<void> {
	// The page's own script sends the form; until it has run, the button would leave the page.
	await page.waitForLoadState();
	await page.click('[data-test-id=form-submit-button], #submit-btn');
	try {
		await page.getByText(text).first().waitFor();
	} catch (error) {
		throw new Error(`No “${text}” on ${page.url()}:\n${await page.innerText('body')}`, { cause: error });
	}
	await page.waitForLoadState();
}

/** Follows a link back to the first form, and waits until that is there. */
export async function backToForm(page: Page, link: string): Promise<void> {
	await page.getByText(link).click();
	await page.locator('input[type=file]').waitFor({ state: 'attached' });
}
