import { BINARY_MODES, picture, running, runSeedream, sandbox, sha256, useOneSandbox } from './seedream';

// Over n8n's own helpers, axios, and sockets.
jest.mock('../../nodes/AtlasCloud/n8n/http', () => jest.requireActual('../../nodes/AtlasCloud/n8n/http'));

useOneSandbox();

const upload = running('image', 'upload');

describe.each(BINARY_MODES)('an upload, files kept in mode %s', (binaryMode) => {
	it('puts the links in the files’ place', async () => {
		const front = await picture({ left: 'red' });
		const back = await picture({ left: 'green', encode: (raw) => raw.jpeg() });
		const { error, out, json } = await upload({
			binaryMode,
			items: [
				{
					json: { sku: 1 },
					files: {
						front: { bytes: front, fileName: 'front.png' },
						back: { bytes: back, fileName: 'b.txt', mimeType: 'text/plain' },
					},
				},
			],
			parameters: { images: 'back, front' },
		});
		expect(error).toBeUndefined();
		const uploaded = [back, front].map((bytes) =>
			sandbox.ledger.uploads.findLast((one) => one.sha256 === sha256(bytes)),
		);
		const urls = uploaded.map((one) => one?.url);
		expect(json).toEqual([
			{
				url: urls[0],
				urls,
				files: [
					{
						url: urls[0],
						fieldName: 'back',
						fileName: 'b.txt',
						mimeType: 'image/jpeg',
						fileSizeBytes: back.length,
					},
					{
						url: urls[1],
						fieldName: 'front',
						fileName: 'front.png',
						mimeType: 'image/png',
						fileSizeBytes: front.length,
					},
				],
			},
		]);
		expect(out[0]).not.toHaveProperty('binary');
		expect(out[0]?.pairedItem).toEqual({ item: 0 });
		expect(uploaded.map((one) => one?.contentType)).toEqual(['image/jpeg', 'image/png']);
		expect(uploaded[0]?.fileName).toMatch(/\.jpg$/);
	});

	it('makes one item of each input item, in order', async () => {
		const items = await Promise.all(
			['#111', '#222', '#333', '#444'].map(async (left) => ({ files: { data: await picture({ left }) } })),
		);
		const { out, json } = await upload({ binaryMode, items, parameters: { options: { concurrency: 2 } } });
		const wanted = items.map(
			({ files }) => sandbox.ledger.uploads.findLast((one) => one.sha256 === sha256(files.data))?.url,
		);
		expect(json.map(({ url }) => url)).toEqual(wanted);
		expect(out.map(({ pairedItem }) => pairedItem)).toEqual(items.map((_, item) => ({ item })));
	});
});

it('costs nothing, and its link can be edited', async () => {
	sandbox.setOptions({ keepUploadNames: true });
	const { json } = await upload();
	sandbox.setOptions({ keepUploadNames: false });
	expect(sandbox.ledger.charges).toHaveLength(0);
	const edited = await runSeedream({
		items: [{ json: json[0] ?? {} }],
		parameters: { images: '={{ $json.urls }}' },
	});
	expect(edited.error).toBeUndefined();
	expect(edited.json[0]).toMatchObject({ status: 'completed', size: '1536*1024' });
	expect(edited.out[0]?.binary?.data.fileName).toMatch(/^n8n-.*-edited\.png$/);
});

it('is content with a link that is called differently', async () => {
	sandbox.addFault({
		endpoint: 'upload',
		action: {
			type: 'status',
			status: 200,
			body: { code: 200, data: { url: 'https://files.example.com/a.png' } },
		},
	});
	expect((await upload()).json[0]?.url).toBe('https://files.example.com/a.png');
});

it.each([{}, { code: 200, data: {} }, { code: 200, data: { download_url: 'ftp://x/y.png' } }])(
	'asks again where no usable link came in %j, and tells so in the end',
	async (body) => {
		const action = { type: 'status', status: 200, body } as const;
		sandbox.addFault({ endpoint: 'upload', action });
		expect((await upload()).json[0]?.url).toMatch(/^http/);
		sandbox.clearFaults();
		sandbox.addFault({ endpoint: 'upload', times: Infinity, action });
		const { error } = await upload();
		expect(error?.message).toMatch(/^Couldn’t upload photo\.png: incomplete response \(200\)$/);
		expect(error?.description).not.toBe('');
	},
);

it('keeps the input’s fields where asked to, and of a row that fails', async () => {
	const { json } = await upload({
		items: [{ json: { sku: 7, url: 'old' }, files: { data: await picture() } }, { json: { sku: 8 } }],
		parameters: { options: { includeInputFields: true } },
		nodeExtras: { onError: 'continueRegularOutput' },
	});
	expect(json[0]).toMatchObject({ sku: 7, url: sandbox.ledger.uploads.at(-1)?.url });
	expect(json[1]).toMatchObject({ sku: 8, error: { statusCode: null } });
});

it('asks for no URL, which it would refuse', async () => {
	const { error } = await upload({ items: [{ files: {} }] });
	expect(error?.message).toContain('No image found');
	expect(error?.description).not.toContain('URL');
});
