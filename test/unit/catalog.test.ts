import { readCatalog } from '../../nodes/AtlasCloud/api/models/catalog';
import { readInputSchema } from '../../nodes/AtlasCloud/api/models/inputSchema';
import { ModelInfos, rulesInFields } from '../../nodes/AtlasCloud/api/models/model';
import { isSeedreamEdit } from '../../nodes/AtlasCloud/api/models/seedream';
import { clientOf, FakeHttp, pathOf, type FakeAnswer } from './fakeHttp';
import { VirtualClock } from './virtualClock';

const schema = (properties: unknown) => ({ components: { schemas: { Input: { properties } } } });
const rulesInSchema = (properties: unknown) => rulesInFields(readInputSchema(schema(properties)));

it.each([
	'bytedance/seedream-v4/edit',
	'bytedance/seedream-v5.0-lite/edit',
	'bytedance/seedream-v4.5/edit-sequential',
	'other/seedream-v9/edit',
])('%s edits images with Seedream', (id) => expect(isSeedreamEdit(id)).toBe(true));
it.each([
	'bytedance/seedream-v4',
	'bytedance/seedream-v4/sequential',
	'x/seedling-3/edit',
	'x/seedream/edit/more',
])('%s does not', (id) => expect(isSeedreamEdit(id)).toBe(false));

describe('a schema', () => {
	it('may list sizes', () => {
		expect(
			rulesInSchema({ size: { enum: ['2048*2048', 'auto', 7, '1024x768'] }, images: { maxItems: 3 } }),
		).toEqual({
			sizes: {
				kind: 'list',
				sizes: [
					{ width: 2048, height: 2048 },
					{ width: 1024, height: 768 },
				],
			},
			maxInputImages: 3,
		});
	});

	it('may give a range', () => {
		expect(rulesInSchema({ size: { minimum: '512', maximum: 4096 } }).sizes).toEqual({
			kind: 'range',
			minSide: 512,
			maxSide: 4096,
		});
	});

	it.each([
		undefined,
		{},
		{ size: 7 },
		{ size: { enum: [] } },
		{ size: { enum: ['auto'] } },
		{ size: { minimum: 0, maximum: 10 } },
		{ size: { minimum: 10, maximum: 1 } },
		{ size: { minimum: 10 } },
	])('that says %j allows any size', (properties) => {
		expect(rulesInSchema(properties)).toEqual({ sizes: { kind: 'free' }, maxInputImages: 14 });
	});
});

const entry = (model: string, more: object = {}) => ({
	model,
	type: 'Image',
	displayName: model.toUpperCase(),
	...more,
});

describe('the catalog', () => {
	const read = async (json: unknown, statusCode = 200) => {
		const clock = new VirtualClock();
		const http = new FakeHttp(() => ({ json, statusCode }));
		const models = await clock.until(readCatalog(clientOf(http, clock)));
		return { models, http };
	};

	it('needs no key, and is sent none', async () => {
		const { http } = await read({ code: 200, data: [] });
		expect(http.requests.map(({ authenticated }) => authenticated)).toEqual([false]);
		expect(pathOf(http.requests[0]!)).toBe('/api/v1/models');
	});

	it('hides what is not for the console, and reads prices in both shapes', async () => {
		const { models } = await read({
			code: 200,
			data: [
				entry('a', {
					price: { actual: { base_price: '0.027' } },
					schema: 'https://s.example.com/a.json',
				}),
				entry('b', { display_console: false }),
				entry('c', { price: { base_price: 0.03 } }),
				{ model: 'd' },
				{ displayName: 'no id' },
				null,
				7,
			],
		});
		expect(models).toEqual([
			{
				id: 'a',
				name: 'A',
				type: 'Image',
				price: { usd: 0.027, unit: 'generation' },
				schemaUrl: 'https://s.example.com/a.json',
			},
			{
				id: 'c',
				name: 'C',
				type: 'Image',
				price: { usd: 0.03, unit: 'generation' },
				schemaUrl: null,
			},
			{ id: 'd', name: 'd', type: null, price: null, schemaUrl: null },
		]);
	});

	it.each([{}, { data: null }, { data: {} }])('is not read from %j, which is no catalog', async (json) => {
		await expect(read(json)).rejects.toThrow(/^Couldn’t read the model catalog/);
	});
});

describe('the rules of a model', () => {
	const rules = async (model: string, answers: Record<string, FakeAnswer>) => {
		const clock = new VirtualClock();
		const http = new FakeHttp(({ url }) => answers[url] ?? { statusCode: 404 });
		return { rules: await clock.until(new ModelInfos(clientOf(http, clock)).rulesOf(model)), http };
	};
	const models = 'https://api.example.com/api/v1/models';
	const free = { sizes: { kind: 'free' }, maxInputImages: 14 };

	it('are known for the usual models without a request', async () => {
		const { rules: v4, http } = await rules('bytedance/seedream-v4/edit', {});
		expect(v4).toMatchObject({
			sizes: { kind: 'range', minSide: 1024, maxSide: 4096 },
			maxInputImages: 10,
		});
		expect(http.requests).toEqual([]);
	});

	it('are read from its schema, without the key', async () => {
		const at = 'https://static.example.com/x.json';
		const { rules: read, http } = await rules('x', {
			[models]: { json: { data: [entry('x', { schema: at })] } },
			[at]: { json: schema({ size: { minimum: 256, maximum: 2048 }, images: { maxItems: 2 } }) },
		});
		expect(read).toMatchObject({
			sizes: { kind: 'range', minSide: 256, maxSide: 2048 },
			maxInputImages: 2,
		});
		expect(http.requests.every(({ authenticated }) => !authenticated)).toBe(true);
	});

	it.each<[string, Record<string, FakeAnswer>]>([
		['the catalog is down', { [models]: { statusCode: 500 } }],
		['it is not in the catalog', { [models]: { json: { data: [entry('y')] } } }],
		['it has no schema', { [models]: { json: { data: [entry('x')] } } }],
		[
			'its schema is gone',
			{ [models]: { json: { data: [entry('x', { schema: 'https://s.example.com/x' })] } } },
		],
		[
			'its schema is in a private network',
			{ [models]: { json: { data: [entry('x', { schema: 'https://10.0.0.1/x' })] } } },
		],
		[
			'its schema is no JSON',
			{
				[models]: { json: { data: [entry('x', { schema: 'https://s.example.com/x' })] } },
				'https://s.example.com/x': { chunks: [Buffer.from('<html>')] },
			},
		],
	])('are open where %s', async (_why, answers) =>
		expect((await rules('x', answers)).rules).toMatchObject(free),
	);
});
