import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { openPage } from '../browser';
import { e2e } from '../cases';
import { hosted, publishExample } from '../imported';
import { assertShows, assertSize, meanColour, paint } from '../pictures';

const SUBMIT = '[data-test-id=form-submit-button], #submit-btn';

/** Sends the form and takes the picture that its ending downloads. */
async function sendForPicture(page: Page): Promise<{ name: string; bytes: Buffer }> {
	const downloading = page.waitForEvent('download', { timeout: 60_000 });
	await page.click(SUBMIT);
	const download = await downloading;
	return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

e2e('examples: form-to-image.json, filled in by a browser, shows and returns the image', async (bench) => {
	const server = await bench.sharedServer();
	await publishExample(bench, server, 'form-to-image');
	const photo = await bench.photo();
	const page = await openPage(bench);
	await page.goto(`${server.url}/form/edit-a-photo`);
	assert.equal(await page.getAttribute('input[type=file]', 'accept'), '.jpg, .jpeg, .png, .webp');
	await page.setInputFiles('input[type=file]', photo);
	await page.fill('textarea', 'mirror it');
	const { name, bytes } = await sendForPicture(page);
	assert.match(name, /^photo-edited\.jpe?g$/);
	await assertSize(bytes, 2496, 1664);
	await assertShows(bytes, await readFile(photo), (original) => original.flop());
	assert.equal(bench.sandbox.ledger.charges.length, 1, 'charges');

	await page.getByText('Your image is ready').waitFor();
	const shown = page.getByAltText('The edited image');
	await shown.waitFor();
	const isLoaded = 'document.querySelector(\'img[alt="The edited image"]\').naturalWidth > 0';
	await page.waitForFunction(isLoaded, undefined, { timeout: 10_000 });
	assert.equal(await shown.getAttribute('src'), [...bench.sandbox.ledger.predictions.values()][0].outputs[0]);

	// What Seedream does not take is told on the form's last page, and costs nothing.
	bench.sandbox.addFault({ endpoint: 'submit', action: { type: 'failTask', shape: 'moderation' } });
	await page.goto(`${server.url}/form/edit-a-photo`);
	await page.setInputFiles('input[type=file]', photo);
	await page.fill('textarea', 'something that is refused');
	await page.click(SUBMIT);
	await page.getByText('Sorry, that didn’t work').waitFor({ timeout: 60_000 });
	assert.equal(bench.sandbox.ledger.charges.length, 1, 'charges');
});

e2e('examples: many-references.json makes one picture of three', async (bench) => {
	const server = await bench.sharedServer();
	await publishExample(bench, server, 'many-references');
	const page = await openPage(bench);
	await page.goto(`${server.url}/form/try-on`);
	const colors = {
		Person: { r: 200, g: 30, b: 30 },
		Garment: { r: 30, g: 200, b: 30 },
		Scene: { r: 30, g: 30, b: 200 },
	};
	for (const [at, [name, color]] of Object.entries(colors).entries()) {
		const file = { name: `${name}.png`, mimeType: 'image/png', buffer: await paint(color) };
		await page.locator('input[type=file]').nth(at).setInputFiles(file);
	}
	const { bytes } = await sendForPicture(page);
	await assertSize(bytes, 1728, 2304);
	const thirds = await Promise.all(
		[0, 1, 2].map(async (at) => await meanColour(bytes, at / 3 + 0.05, 0.5, at / 3 + 0.28, 0.75)),
	);
	assert.ok(thirds[0].r > 150 && thirds[0].g < 80, `image 1 is the person: ${JSON.stringify(thirds)}`);
	assert.ok(thirds[1].g > 150 && thirds[1].b < 80, `image 2 is the garment: ${JSON.stringify(thirds)}`);
	assert.ok(thirds[2].b > 150 && thirds[2].r < 80, `image 3 is the scene: ${JSON.stringify(thirds)}`);
	const { ledger } = bench.sandbox;
	assert.deepEqual([ledger.uploads.length, ledger.charges.length], [3, 1], 'uploads and charges');
});

e2e(
	'examples: quote-approve-buy.json runs a sheet only after a person has approved its price',
	async (bench) => {
		const { ledger } = bench.sandbox;
		bench.sandbox.setOptions({ accountMarkup: 1.5 });
		const server = await bench.sharedServer();
		const photo = await hosted(bench, await readFile(await bench.photo()), 'mug.jpg');
		const sheet = ['photo,prompt', `${photo},mirror it`, `${photo},make it black and white`];
		await bench.file('products.csv', Buffer.from(sheet.join('\n')));
		await publishExample(bench, server, 'quote-approve-buy');
		const page = await openPage(bench);
		const decide = async (decision: string) => {
			await page.goto(`${server.url}/form/price-a-sheet`);
			await page.click(SUBMIT);
			await page.getByText('2 edits cost $0.096').first().waitFor({ timeout: 60_000 });
			await page.selectOption('select', decision);
			await page.click(SUBMIT);
		};

		await decide('Don’t run them');
		await page.getByText('Nothing was billed').first().waitFor({ timeout: 60_000 });
		assert.deepEqual([ledger.charges.length, ledger.uploads.length], [0, 1], 'charges and uploads');
		assert.equal(ledger.count('quote'), 1, 'quotes');

		await decide('Run the edits');
		await page.getByText('2 images saved').first().waitFor({ timeout: 60_000 });
		assert.deepEqual(ledger.charges.map(({ priceUsd, prompt }) => [priceUsd, prompt]).sort(), [
			[0.048, 'make it black and white'],
			[0.048, 'mirror it'],
		]);
	},
);
