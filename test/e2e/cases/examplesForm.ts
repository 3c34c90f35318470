import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { backToForm, openPage, sendForm } from '../browser';
import { e2e, type Bench } from '../cases';
import { download, hosted, publishExample } from '../imported';
import { assertShows, assertSize, meanColour, paint } from '../pictures';

/** Sends the form. Answers the image that its last page shows and links to. */
async function sendForPicture(page: Page, alt = 'The edited image'): Promise<{ src: string; bytes: Buffer }> {
	await sendForm(page, 'Your image is ready');
	const shown = page.getByAltText(alt);
	const isLoaded = `document.querySelector('img[alt="${alt}"]').naturalWidth > 0`;
	await page.waitForFunction(isLoaded);
	const src = (await shown.getAttribute('src'))!;
	assert.equal(await page.getByText('Download', { exact: true }).getAttribute('href'), src);
	return { src, bytes: await download(src) };
}

e2e('examples: form-to-image.json, filled in by a browser, shows and returns the image', async (bench) => {
	const server = await bench.server();
	await publishExample(bench, server, 'form-to-image');
	const photo = await bench.photo();
	const page = await openPage(bench, `${server.url}/form/edit-a-photo`);
	assert.equal(await page.getAttribute('input[type=file]', 'accept'), '.jpg, .jpeg, .png, .webp');
	await page.setInputFiles('input[type=file]', photo);
	await page.fill('textarea', 'mirror it');
	const { src, bytes } = await sendForPicture(page);
	await assertSize(bytes, 2496, 1664);
	await assertShows(bytes, await readFile(photo), (original) => original.flop());
	assert.equal(bench.sandbox.ledger.charges.length, 1, 'charges');
	assert.equal(src, [...bench.sandbox.ledger.predictions.values()][0].outputs[0]);
	await backToForm(page, 'Edit another photo');

	// The form's last page says why an edit failed, and leads back. A refused edit isn't billed.
	bench.sandbox.addFault({ endpoint: 'submit', action: { type: 'failTask', shape: 'moderation' } });
	await page.goto(`${server.url}/form/edit-a-photo`);
	await page.setInputFiles('input[type=file]', photo);
	await page.fill('textarea', 'something that is refused');
	await sendForm(page, 'Sorry, that didn’t work');
	await backToForm(page, 'Try again');
	assert.equal(bench.sandbox.ledger.charges.length, 1, 'charges');
});

/** Three photos, each in a field of its own, become one image that shows them in their order. */
async function combineThree(bench: Bench, page: Page, names: string[], alt?: string): Promise<Buffer> {
	const colors = Object.fromEntries(
		names.map((name, at) => [
			name,
			{ r: at === 0 ? 200 : 30, g: at === 1 ? 200 : 30, b: at === 2 ? 200 : 30 },
		]),
	);
	for (const [at, [name, color]] of Object.entries(colors).entries()) {
		const file = { name: `${name}.png`, mimeType: 'image/png', buffer: await paint(color) };
		await page.locator('input[type=file]').nth(at).setInputFiles(file);
	}
	const { bytes } = await sendForPicture(page, alt);
	const thirds = await Promise.all(
		[0, 1, 2].map(async (at) => await meanColour(bytes, at / 3 + 0.05, 0.5, at / 3 + 0.28, 0.75)),
	);
	assert.ok(thirds[0].r > 150 && thirds[0].g < 80, `image 1 is first: ${JSON.stringify(thirds)}`);
	assert.ok(thirds[1].g > 150 && thirds[1].b < 80, `image 2 is second: ${JSON.stringify(thirds)}`);
	assert.ok(thirds[2].b > 150 && thirds[2].r < 80, `image 3 is third: ${JSON.stringify(thirds)}`);
	const { ledger } = bench.sandbox;
	assert.deepEqual([ledger.uploads.length, ledger.charges.length], [3, 1], 'uploads and charges');
	return bytes;
}

e2e('examples: many-references.json makes one image of three', async (bench) => {
	const server = await bench.server();
	await publishExample(bench, server, 'many-references');
	const page = await openPage(bench, `${server.url}/form/try-on`);
	await assertSize(await combineThree(bench, page, ['Person', 'Garment', 'Scene']), 1728, 2304);
});

e2e('examples: studio-image.json makes one image of three', async (bench) => {
	const server = await bench.server();
	await publishExample(bench, server, 'studio-image');
	const page = await openPage(bench, `${server.url}/form/studio-image`);
	await combineThree(bench, page, ['Front', 'Side', 'Detail'], 'The studio image');
});

e2e(
	'examples: quote-approve-buy.json runs a sheet only after a person has approved its price',
	async (bench) => {
		const { ledger } = bench.sandbox;
		bench.sandbox.setOptions({ accountMarkup: 1.5 });
		const server = await bench.server();
		const photo = await hosted(bench, await readFile(await bench.photo()), 'mug.jpg');
		const sheet = ['photo,prompt', `${photo},mirror it`, `${photo},make it black and white`];
		const file = { name: 'sheet.csv', mimeType: 'text/csv', buffer: Buffer.from(sheet.join('\n')) };
		await publishExample(bench, server, 'quote-approve-buy');
		const page = await openPage(bench);
		const decide = async (decision: string, shown: string) => {
			await page.goto(`${server.url}/form/price-a-sheet`);
			await page.setInputFiles('input[type=file]', file);
			await sendForm(page, '2 edits cost $0.096');
			await page.getByLabel(decision, { exact: true }).check();
			await sendForm(page, shown);
		};

		await decide('Don’t run them', 'Nothing was billed');
		assert.deepEqual([ledger.charges.length, ledger.uploads.length], [0, 1], 'charges and uploads');
		assert.equal(ledger.count('quote'), 1, 'quotes');

		await decide('Run the edits', 'Your images are ready');
		assert.equal(await page.getByAltText('An edited image').count(), 2, 'images shown');
		assert.deepEqual(ledger.charges.map(({ priceUsd, prompt }) => [priceUsd, prompt]).sort(), [
			[0.048, 'make it black and white'],
			[0.048, 'mirror it'],
		]);
	},
);
