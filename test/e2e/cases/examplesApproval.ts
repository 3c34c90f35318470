import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { backToForm, openPage, sendForm } from '../browser';
import { e2e } from '../cases';
import { download, publishExample } from '../imported';
import { assertDiffers, assertShows, assertSize } from '../pictures';

const FORMATS = {
	'Square 1:1': [1080, 1080],
	'Portrait 4:5': [1080, 1350],
	'Story 9:16': [1080, 1920],
	'Widescreen 16:9': [1920, 1080],
};

e2e('examples: social-formats.json makes all formats of one photo', async (bench) => {
	const { sandbox } = bench;
	const server = await bench.server();
	await publishExample(bench, server, 'social-formats');
	const photo = await bench.photo();
	const page = await openPage(bench, `${server.url}/form/social-formats`);
	await page.setInputFiles('input[type=file]', photo);
	await sendForm(page, 'Your images are ready');
	for (const [name, [width, height]] of Object.entries(FORMATS)) {
		const image = page.getByAltText(name);
		await image.waitFor();
		await assertSize(await download((await image.getAttribute('src'))!), width, height);
	}
	assert.equal(sandbox.ledger.uploads.length, 1, 'uploads');
	assert.deepEqual(
		sandbox.ledger.charges.map(({ model, priceUsd }) => [model, priceUsd]),
		Object.keys(FORMATS).map(() => ['bytedance/seedream-v4/edit', 0.027]),
	);

	// One format fails, the others are shown; then a file that is no image, and the way back.
	sandbox.addFault({ endpoint: 'submit', times: 1, action: { type: 'failTask', shape: 'moderation' } });
	await backToForm(page, 'Edit another photo');
	await page.setInputFiles('input[type=file]', photo);
	await sendForm(page, 'Sorry, that didn’t work');
	assert.equal(await page.locator('img[alt]:not([alt=""])').count(), 3, 'images shown');
	await backToForm(page, 'Edit another photo');
	const text = { name: 'photo.png', mimeType: 'image/png', buffer: Buffer.from('no image') };
	await page.setInputFiles('input[type=file]', text);
	await sendForm(page, 'Sorry, that didn’t work');
	await backToForm(page, 'Try again');
	assert.equal(sandbox.ledger.charges.length, 7, 'charges');
});

e2e('examples: approve-before-publishing.json publishes an image only after approval', async (bench) => {
	const { sandbox } = bench;
	const server = await bench.server();
	const { id } = await publishExample(bench, server, 'approve-before-publishing');
	const photo = await bench.photo();
	const page = await openPage(bench);
	const decide = async (decision: string, shown: string) => {
		await page.goto(`${server.url}/form/approve-a-photo`);
		await page.setInputFiles('input[type=file]', photo);
		await page.fill('textarea', 'mirror it');
		await sendForm(page, 'Publish this image?');
		const [, { outputs }] = [...sandbox.ledger.predictions].at(-1)!;
		assert.equal(await page.getByAltText('The edited image').getAttribute('src'), outputs[0]);
		const before = await page.getByAltText('The original').getAttribute('src');
		assert.equal(before, sandbox.ledger.uploads.at(-1)!.url);
		await page.getByLabel(decision, { exact: true }).check();
		await sendForm(page, shown);
	};
	const executions = async () =>
		await Promise.all(
			(await server.listExecutions(id)).map(async (stored) => await server.getExecution(stored.id)),
		);

	await decide('Don’t publish it', 'Nothing was published');
	assert.ok((await executions()).every((one) => one.runs('Publish the Image Here').length === 0));

	await decide('Publish it', 'The image is published');
	const published = (await executions()).flatMap((one) => one.items('Publish the Image Here'));
	assert.equal(published.length, 1, 'published images');
	const original = await readFile(photo);
	const bytes = await server.readBinary(published[0].binary!.data);
	await assertShows(bytes, original, (image) => image.flop());
	await assertDiffers(bytes, original);
	assert.equal(sandbox.ledger.charges.length, 2, 'charges');

	sandbox.addFault({ endpoint: 'submit', times: 1, action: { type: 'failTask', shape: 'moderation' } });
	await backToForm(page, 'Edit another photo');
	await page.setInputFiles('input[type=file]', photo);
	await page.fill('textarea', 'mirror it');
	await sendForm(page, 'Sorry, that didn’t work');
	await backToForm(page, 'Try again');
});
