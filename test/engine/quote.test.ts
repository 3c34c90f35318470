import { LITE, picture, runSeedream, sandbox, useOneSandbox, V4, type SeedreamOptions } from './seedream';

useOneSandbox();
afterEach(() => {
	sandbox.setOptions({ accountMarkup: 1, price: {} });
});

async function quote(options: SeedreamOptions = {}) {
	const before = sandbox.ledger.requests.length;
	const result = await runSeedream({
		mode: 'trigger',
		...options,
		parameters: { resource: 'prediction', operation: 'quote', ...options.parameters },
	});
	return { ...result, requests: sandbox.ledger.requests.slice(before) };
}

const rows = async (count: number) =>
	await Promise.all(
		Array.from({ length: count }, async (_, i) => ({
			json: { wish: `wish ${i}` },
			files: { data: await picture({ left: `#0000${i.toString(16).padStart(2, '0')}` }) },
		})),
	);

afterEach(() => {
	expect([sandbox.ledger.charges.length, sandbox.ledger.uploads.length]).toEqual([0, 0]);
});

it('gives the price of each item, and neither uploads nor buys anything', async () => {
	const { error, json, out, requests, hint } = await quote({ items: await rows(3) });
	expect(error).toBeUndefined();
	const v4 = {
		model: V4,
		priceUsd: 0.027,
		listPriceUsd: 0.027,
		discountPercent: 0,
		isEstimate: false,
		currency: 'USD',
	};
	expect(json).toEqual([v4, v4, v4]);
	expect(out.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 1 }, { item: 2 }]);
	expect(out[0]).not.toHaveProperty('binary');
	expect(requests.map(({ endpoint }) => endpoint)).toEqual(['quote']);
	expect(hint).toMatch(/^3 quotes( in \d+\.\d s)?\.$/);
});

it('sends the body of the submit with a placeholder for each image, and the key', async () => {
	const [item] = await rows(1);
	const parameters = {
		model: LITE,
		images: 'data, https://private.example/photo.png',
		options: { outputFormat: 'png', extraBodyFields: '{"enable_base64_output": true}' },
	};
	const { json, requests } = await quote({ items: [item], parameters });
	expect(json).toMatchObject([{ model: LITE, priceUsd: 0.032 }]);
	const placeholder = 'https://example.com/image.png';
	expect(requests).toMatchObject([
		{
			endpoint: 'quote',
			authorization: `Bearer ${sandbox.apiKey}`,
			body: {
				model: LITE,
				prompt: 'make it black and white',
				images: [placeholder, placeholder],
				size: '2496*1664',
				output_format: 'png',
				enable_base64_output: true,
			},
		},
	]);
});

it('fails an item whose price is not known alone, and says why', async () => {
	const body = { code: 200, data: [{ model: 'vendor/unheard-of', type: 'Image' }] };
	sandbox.addFault({ endpoint: 'models', action: { type: 'status', status: 200, body } });
	const items = (await rows(2)).map((item, i) => ({
		...item,
		json: { model: i ? V4 : 'vendor/unheard-of' },
	}));
	const { json } = await quote({
		items,
		parameters: { model: { __rl: true, mode: 'id', value: '={{ $json.model }}' }, size: '1024*1024' },
		nodeExtras: { onError: 'continueRegularOutput' },
	});
	expect(json).toMatchObject([
		{
			error: {
				message: expect.stringMatching(
					/^The price of vendor\/unheard-of is unknown\. .*model not found/,
				) as string,
				statusCode: 404,
			},
		},
		{ model: V4, priceUsd: 0.027 },
	]);
});
