import type { IBinaryData } from 'n8n-workflow';
import sharp, { type Create } from 'sharp';
import type { Sandbox } from '../../sandbox';
import {
	BINARY_MODES,
	colorAt,
	fastSandbox,
	LITE,
	picture,
	pictureOf,
	predictionOf,
	readBinary,
	runSeedream,
	sandbox,
	sha256,
	submittedBodies,
	succeed,
	useOneSandbox,
	V4,
	type InputItem,
} from './seedream';

// Over n8n's own helpers, axios, and sockets.
jest.mock('../../nodes/AtlasCloud/n8n/http', () => jest.requireActual('../../nodes/AtlasCloud/n8n/http'));

useOneSandbox();
let painter: Sandbox;
beforeAll(async () => {
	painter = await fastSandbox({ preparedPictures: false });
});
afterAll(async () => await painter.close());

describe.each(BINARY_MODES)('an edit, files kept in mode %s', (binaryMode) => {
	it('returns the image that Atlas made, in the shape of the input', async () => {
		const photo = await picture({ width: 300, height: 200 });
		const { out, json } = await succeed({
			sandbox: painter,
			binaryMode,
			items: [{ files: { data: photo } }],
		});
		const [item] = out;
		expect(item?.binary?.data.id === undefined).toBe(binaryMode === 'default');
		expect(item?.binary?.data).toMatchObject({
			fileName: 'photo-edited.png',
			fileExtension: 'png',
			mimeType: 'image/png',
			fileType: 'image',
		});
		const bytes = await pictureOf(item);
		expect(await sharp(bytes).metadata()).toMatchObject({ format: 'png', width: 1536, height: 1024 });
		for (const x of [0.25, 0.75]) {
			const [red, green, blue] = await colorAt(bytes, x, 0.5);
			expect(Math.max(red, green, blue) - Math.min(red, green, blue)).toBeLessThan(4);
		}
		const made = predictionOf(painter, json[0]);
		expect(sha256(bytes)).toBe(made.outputSha256[0]);
		expect(json[0]).toEqual({
			predictionId: made.id,
			status: 'completed',
			rawStatus: 'completed',
			model: V4,
			prompt: 'make it black and white',
			size: '1536*1024',
			imageUrl: made.outputs[0],
			imageIndex: 0,
			imageCount: 1,
			predictTimeSeconds: made.predictSeconds,
			priceUsd: 0.027,
			nsfw: false,
			failureReason: null,
			createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
			completedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
			raw: expect.anything() as object,
		});
		expect(item?.pairedItem).toEqual({ item: 0 });
	});

	it('uploads exactly the bytes it was given and submits a flat body with their link', async () => {
		const photo = await picture({ left: '#123456', right: binaryMode === 'default' ? '#fff' : '#000' });
		const charges = sandbox.ledger.charges.length;
		await succeed({
			binaryMode,
			items: [{ files: { data: photo } }],
			parameters: { prompt: '  mirror it ' },
		});
		const upload = sandbox.ledger.uploads.at(-1);
		expect(upload).toMatchObject({ sha256: sha256(photo), bytes: photo.length, contentType: 'image/png' });
		expect(upload?.fileName).toMatch(/^n8n-1-[0-9a-f]{8}-r0-i0-[0-9a-f]{16}\.png$/);
		expect(submittedBodies(sandbox).at(-1)).toEqual({
			model: V4,
			prompt: 'mirror it',
			images: [upload?.url],
			size: '1536*1024',
		});
		expect(sandbox.ledger.charges.length - charges).toBe(1);
	});

	it('returns many items in the order of their inputs, each with its own image', async () => {
		const colors = ['#d01010', '#10d010', '#1010d0', '#d0d010', '#10d0d0'];
		const items = await Promise.all(
			colors.map(async (left, i) => ({
				json: { row: i },
				files: { data: await picture({ left, right: left }) },
			})),
		);
		const { out, json } = await succeed({
			sandbox: painter,
			binaryMode,
			items,
			parameters: { prompt: '={{ "row " + $json.row }}', size: '1024*1024' },
		});
		expect(json.map(({ prompt }) => prompt)).toEqual(items.map((_, i) => `row ${i}`));
		expect(out.map(({ pairedItem }) => pairedItem)).toEqual(items.map((_, item) => ({ item })));
		for (const [i, item] of out.entries()) {
			const wanted = await colorAt(await picture({ left: colors[i], right: colors[i] }), 0.5, 0.5);
			const got = await colorAt(await pictureOf(item), 0.5, 0.3);
			for (const channel of [0, 1, 2]) expect(Math.abs(got[channel]! - wanted[channel]!)).toBeLessThan(6);
		}
	});

	it.each([
		[`${V4}-sequential`, 1, [0.081, null, null]],
		[V4, 3, [0.027, 0.027, 0.027]],
	])('makes one item for each image, with %s of %d predictions', async (model, predictions, prices) => {
		const { out, json } = await succeed({
			sandbox: painter,
			binaryMode,
			parameters: { model, size: '1024*1024', numberOfImages: 3 },
		});
		const made = [...new Set(json.map(({ predictionId }) => predictionId))].map((predictionId) =>
			predictionOf(painter, { predictionId }),
		);
		expect(made).toHaveLength(predictions);
		expect(json.map(({ imageIndex }) => imageIndex)).toEqual([0, 1, 2]);
		expect(json.map(({ imageCount }) => imageCount)).toEqual([3, 3, 3]);
		expect(json.map(({ imageUrl }) => imageUrl)).toEqual(made.flatMap(({ outputs }) => outputs));
		expect(json.map(({ priceUsd }) => priceUsd)).toEqual(
			prices.map((usd) => (usd === null ? null : (expect.closeTo(usd) as number))),
		);
		expect(out.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 0 }, { item: 0 }]);
		expect(out.map(({ binary }) => binary?.data.fileName)).toEqual([
			'photo-edited.png',
			'photo-edited-2.png',
			'photo-edited-3.png',
		]);
		for (const [i, item] of out.entries()) {
			expect(sha256(await pictureOf(item))).toBe(made.flatMap(({ outputSha256 }) => outputSha256)[i]);
		}
	});

	it('names a JPEG as a JPEG', async () => {
		const { out } = await runSeedream({
			binaryMode,
			parameters: { model: LITE, options: { outputFormat: 'jpeg' } },
		});
		expect(out[0]?.binary?.data).toMatchObject({
			fileName: 'photo-edited.jpg',
			fileExtension: 'jpg',
			mimeType: 'image/jpeg',
		});
		expect(await sharp(await pictureOf(out[0])).metadata()).toMatchObject({ format: 'jpeg' });
		expect(submittedBodies(sandbox).at(-1)).toMatchObject({ output_format: 'jpeg', size: '2496*1664' });
	});
});

it.each([
	['my.photo.final.JPEG', 'my.photo.final-edited.png'],
	['folder/../sub\\shop.png', 'shop-edited.png'],
	['a<b>:c?.png', 'abc-edited.png'],
	['...', 'image-edited.png'],
	['data', 'data-edited.png'],
	['Größe 10%.webp', 'Größe 10%-edited.png'],
	[`${'a'.repeat(99)}😀.png`, `${'a'.repeat(99)}-edited.png`],
	[`${'写'.repeat(65)}😀写.png`, `${'写'.repeat(65)}-edited.png`],
])('names the edit of "%s" "%s"', async (fileName, wanted) => {
	const { out } = await succeed({
		items: [{ files: { data: { bytes: await picture(), fileName } } }],
	});
	expect(out[0]?.binary?.data.fileName).toBe(wanted);
});

it('puts the image in the field named by Output Data Field Name', async () => {
	const { out } = await runSeedream({ parameters: { options: { outputDataFieldName: 'edited' } } });
	expect(Object.keys(out[0]?.binary ?? {})).toEqual(['edited']);
});

it('leaves the image at Atlas if Download Images is off', async () => {
	const files = sandbox.ledger.count('file');
	const { out, json } = await succeed({
		parameters: { options: { downloadImages: false } },
	});
	expect(out[0]).not.toHaveProperty('binary');
	expect(json[0]?.imageUrl).toBe(predictionOf(sandbox, json[0]).outputs[0]);
	expect(sandbox.ledger.count('file')).toBe(files);
});

it('puts the input’s json first if Include Input Fields is on', async () => {
	const items = [
		{
			json: { sku: 'A-1', constructor: 'Lotus', prompt: 'old', status: 'new' },
			files: { data: await picture() },
		},
	];
	const plain = await runSeedream({ items });
	expect(plain.json[0]).not.toHaveProperty('sku');
	const { json } = await runSeedream({
		items,
		parameters: { options: { includeInputFields: true } },
	});
	const kept = { sku: 'A-1', constructor: 'Lotus', prompt: 'make it black and white', status: 'completed' };
	expect(json[0]).toMatchObject(kept);
	expect(Object.keys(json[0] ?? {})[0]).toBe('sku');
	// Nothing of the row is lost.
	expect(json[0]?.inputFields).toEqual({ prompt: 'old', status: 'new' });
});

it.each(['={{ $json.seconds }}', '={{ $("Nobody").first().json }}'])(
	'keeps the input’s fields of a row with a bad option: %s',
	async (timeoutSeconds) => {
		const { json } = await runSeedream({
			items: [{ json: { sku: 'A-1', seconds: 'ten' }, files: { data: await picture() } }],
			parameters: { options: { includeInputFields: true, timeoutSeconds } },
			nodeExtras: { onError: 'continueRegularOutput' },
		});
		expect(json).toMatchObject([{ sku: 'A-1', status: 'failed', error: { statusCode: null } }]);
	},
);

it('puts the input’s first image beside the edited one if Keep Input Image is on', async () => {
	const [file, other] = [await picture({ left: '#123456' }), await picture()];
	const options = { keepInputImage: true };
	const ofFile = { images: 'photo, other', options };
	const { out } = await runSeedream({
		items: [{ files: { other, photo: file } }],
		parameters: ofFile,
	});
	expect(Object.keys(out[0]?.binary ?? {}).sort()).toEqual(['data', 'original']);
	expect(sha256(await readBinary(out[0]!.binary!.original))).toBe(sha256(file));
	const made = out[0]?.json.imageUrl;
	const ofUrl = { images: made, options };
	const linked = await runSeedream({ items: [{}], parameters: ofUrl });
	expect(sha256(await readBinary(linked.out[0]!.binary!.original))).toBe(sha256(await pictureOf(out[0])));
});

it.each<[string, (own: Buffer) => { images: string; item: InputItem }]>([
	[
		'a data URI',
		(own) => ({ images: `data:image/png;name=..%2F..%2Fs.php;base64,${own.toString('base64')}`, item: {} }),
	],
	['a name without its blanks', (own) => ({ images: 'photo', item: { files: { 'photo ': own } } })],
	[
		'a file without a type',
		(own) => ({ images: 'own', item: { binary: { own: { data: own.toString('base64') } as IBinaryData } } }),
	],
])('keeps the image that is edited, not another one of the item: %s', async (_what, givenOf) => {
	const [own, other] = [await picture({ left: '#123456' }), await picture()];
	const { images, item } = givenOf(own);
	const { out, json } = await runSeedream({
		binaryMode: 'default',
		items: [
			{
				binary: { another: { data: other.toString('base64'), mimeType: 'image/png' }, ...item.binary },
				files: item.files,
			},
		],
		parameters: { images, options: { keepInputImage: true } },
	});
	const { original } = out[0]!.binary!;
	expect(sha256(await readBinary(original))).toBe(sha256(own));
	expect(original).toMatchObject({
		fileName: expect.stringMatching(/^\w+\.png$/) as string,
		fileExtension: 'png',
		fileType: 'image',
	});
	const waited = await runSeedream({
		binaryMode: 'default',
		items: [{ json: json[0], ...item, binary: item.binary ?? {} }],
		parameters: { resource: 'prediction', operation: 'waitForCompletion', options: { keepInputImage: true } },
	});
	expect(waited.error).toBeUndefined();
});

it('drops an error of the input, because n8n would treat the item as failed and run the node again', async () => {
	const submits = sandbox.ledger.count('submit');
	const { items } = await runSeedream({
		items: [
			{ json: { sku: 'A-1', message: 'm', error: 'of an earlier node' }, files: { data: await picture() } },
		],
		parameters: { options: { includeInputFields: true } },
		nodeExtras: { onError: 'continueErrorOutput', retryOnFail: true, maxTries: 2, waitBetweenTries: 1 },
		downstream: ['Good', 'Bad'],
	});
	expect(items.map((output) => output.length)).toEqual([1, 0]);
	expect(items[0]?.[0]?.json).toMatchObject({ sku: 'A-1', message: 'm', status: 'completed' });
	expect(items[0]?.[0]?.json).not.toHaveProperty('error');
	expect(sandbox.ledger.count('submit') - submits).toBe(1);
});

/** A picture that does not compress: the wider, the larger its file. */
async function noise(width: number): Promise<Buffer> {
	const background = { r: 0, g: 0, b: 0 };
	const options = {
		width,
		height: width,
		channels: 3,
		background,
		noise: { type: 'gaussian', mean: 128, sigma: 60 },
	};
	return await sharp({ create: options as Create })
		.png()
		.toBuffer();
}

it('processes the items in order if Concurrency is 1, even if the first has the largest file', async () => {
	const before = submittedBodies(sandbox).length;
	const items = await Promise.all(
		[400, 20, 10, 30].map(async (width, index) => ({
			json: { wish: `wish ${index}` },
			files: { data: await noise(width) },
		})),
	);
	const parameters = { prompt: '={{ $json.wish }}', options: { concurrency: 1 } };
	await succeed({ items, parameters });
	const prompts = submittedBodies(sandbox).slice(before);
	expect(prompts.map(({ prompt }) => prompt)).toEqual(['wish 0', 'wish 1', 'wish 2', 'wish 3']);
});

it('never has more in flight than Concurrency says, and says so', async () => {
	const [busy, data] = [await fastSandbox({ predictSeconds: 4 }), await picture()];
	const items = Array.from({ length: 30 }, () => ({ files: { data } }));
	const parameters = { options: { concurrency: 7, downloadImages: false } };
	const { hint } = await runSeedream({ sandbox: busy, mode: 'trigger', items, parameters });
	expect(busy.ledger.maxRunning).toBe(7);
	expect(hint).toContain("Up to 7 ran at once (the limit set by 'Concurrency').");
	await busy.close();
});

it('merges Extra Body Fields, even if an expression gives an object', async () => {
	for (const extraBodyFields of ['{"seed": 7}', '={{ { seed: 7 } }}', '={{ $json.extra }}']) {
		await runSeedream({
			items: [{ json: { extra: { seed: 7 } }, files: { data: await picture() } }],
			parameters: { options: { extraBodyFields } },
		});
		expect(submittedBodies(sandbox).at(-1)).toMatchObject({ seed: 7, model: V4, size: '1536*1024' });
	}
});

describe('an edit that is still running when its time is up', () => {
	beforeEach(() => sandbox.setOptions({ predictSeconds: 15 }));
	afterEach(() => sandbox.setOptions({ predictSeconds: 1 }));

	it('is returned unfinished if On Timeout says so, and Wait for Completion resumes it as it is', async () => {
		const prompt = 'make it black and white, please';
		const charges = sandbox.ledger.charges.length;
		const { error, json, out } = await runSeedream({
			// Not the request of the test before: what that paid for would be taken.
			parameters: { prompt, options: { timeoutSeconds: 3, onTimeout: 'continue' } },
		});
		expect(error).toBeUndefined();
		expect(out[0]).not.toHaveProperty('binary');
		expect(json[0]).toMatchObject({
			status: 'processing',
			model: V4,
			prompt,
			size: '1536*1024',
			imageUrl: null,
			imageIndex: null,
			imageCount: 0,
			priceUsd: null,
		});
		const waited = await runSeedream({
			items: [{ json: json[0] }],
			parameters: { resource: 'prediction', operation: 'waitForCompletion' },
		});
		expect(waited.error).toBeUndefined();
		expect(waited.json[0]).toMatchObject({
			predictionId: json[0]?.predictionId,
			status: 'completed',
			size: '1536*1024',
		});
		expect(sha256(await pictureOf(waited.out[0]))).toBe(predictionOf(sandbox, json[0]).outputSha256[0]);
		expect(sandbox.ledger.charges.length - charges).toBe(1);
	});
});
