/* What a person does in n8n's editor, with waits that end. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Locator, Page } from 'playwright-core';
import type { Studio } from './studio';

const MAX_RUN_MS = 60_000;
const MAX_FRAMES = 20;

export async function openWorkflow(page: Page, { server }: Studio, id: string): Promise<void> {
	await page.goto(`${server.url}/workflow/${id}`);
	await page.locator('[data-test-id=canvas-node]').first().waitFor();
}

/** Presses “Execute workflow” and waits for its end. */
export async function run(page: Page): Promise<void> {
	await page.locator('[data-test-id=execute-workflow-button]').first().click();
	const nodes = await page.locator('[data-test-id=canvas-node]').count();
	const failed = page.locator('[data-test-id=node-issues]').first();
	const finished = page.locator('[data-test-id=canvas-node-status-success]').nth(nodes - 1);
	await failed.or(finished).first().waitFor({ timeout: MAX_RUN_MS });
	// The message about the run would lie over what is to be seen. It may close by itself.
	const message = page.locator('.el-notification__closeBtn').first();
	await message.click({ timeout: 5_000 }).catch(() => undefined);
}

export async function openNode(page: Page, name: string): Promise<Locator> {
	await page.locator(`[data-test-id=canvas-node][data-node-name="${name}"]`).dblclick();
	const panel = page.locator('[data-test-id=ndv]');
	await panel.waitFor();
	return panel;
}

/** Shows the image in place of its file's name and folder. */
export async function viewImage(page: Page, pane: 'input' | 'output'): Promise<void> {
	const panel = page.locator(`[data-test-id=ndv-${pane}-panel], [data-test-id=${pane}-panel]`).first();
	await panel.getByText('Binary', { exact: true }).click();
	await panel.locator('[data-test-id=ndv-view-binary-data]').first().click();
	const image = panel.locator('img[src*="binary-data"], img[src^="data:"], img[src^="blob:"]').first();
	await image.waitFor();
	await image.evaluate('async (image) => await image.decode()');
}

type Options = NonNullable<Parameters<Page['screenshot']>[0]>;

/**
 * A screenshot of what no longer moves.
 * @throws where it moves on
 */
export async function still(seen: Locator | Page, clip?: Options['clip']): Promise<Buffer> {
	const take = async () =>
		await seen.screenshot({ animations: 'disabled', ...(clip && { clip }) } as Options);
	return await untilEqual(take, (one, other) => one.equals(other));
}

/**
 * Asks again until it gets the same answer twice.
 * @throws where the answer goes on changing
 */
export async function untilEqual<T>(ask: () => Promise<T>, equal: (one: T, other: T) => boolean): Promise<T> {
	let last = await ask();
	for (let attempt = 0; attempt < MAX_FRAMES; attempt++) {
		await delay(300);
		const next = await ask();
		if (equal(next, last)) return next;
		last = next;
	}
	throw new Error(`It still changes after ${MAX_FRAMES} looks`);
}
