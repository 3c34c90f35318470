import type { AtlasError } from '../../nodes/AtlasCloud/api/errors';
import { readCatalog, ModelInfos } from '../../nodes/AtlasCloud/api/models/model';
import { readInputSchema } from '../../nodes/AtlasCloud/api/models/inputSchema';
import { planImages, rulesInFields, isSeedreamEdit } from '../../nodes/AtlasCloud/api/models/seedream';
import { UNKNOWN_SIZES } from '../../nodes/AtlasCloud/api/models/sizeRules';
import { clientOf, FakeHttp, settled, type FakeAnswer } from './fakeHttp';
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

it('a schema says what a model accepts', () => {
	const { sizes, ...rules } = rulesInSchema({
		images: { type: 'array', items: { type: 'string' }, maxItems: 3 },
		output_format: { enum: ['jpg', 'png'] },
		background: { enum: ['auto', 'transparent'] },
		num_images: { type: 'integer', maximum: 6 },
	});
	expect(sizes).toEqual({ choices: [], free: null });
	expect(rules).toEqual({
		imagesField: { name: 'images', isList: true },
		maxInputImages: 3,
		outputFormats: ['jpg', 'png'],
		backgrounds: ['auto', 'transparent'],
		imageCount: { field: 'num_images', max: 6, maxTogether: Infinity, values: null },
		isUnreadable: false,
	});
});

it('a format or a background that lists no values is there all the same', () => {
	const text = { type: 'string' };
	expect(rulesInSchema({ output_format: text, background: text })).toMatchObject({
		outputFormats: ['jpeg', 'png'],
		backgrounds: null,
	});
	expect(rulesInSchema({})).toMatchObject({ outputFormats: [], backgrounds: [] });
});

const imageList = { type: 'array', items: { type: 'string' }, maxItems: 2 };
it.each<[object, object]>([
	[{ image_urls: imageList }, { imagesField: { name: 'image_urls', isList: true }, maxInputImages: 2 }],
	[{ image: { type: 'string' } }, { imagesField: { name: 'image', isList: false }, maxInputImages: 1 }],
	[{ mask_image: { type: 'string' }, images: imageList }, { imagesField: { name: 'images' } }],
	[{ prompt: { type: 'string' } }, { imagesField: { name: 'images', isList: true }, maxInputImages: 14 }],
])('input images go into %j', (properties, rules) => expect(rulesInSchema(properties)).toMatchObject(rules));

it.each<[number, number, Record<string, unknown>, unknown]>([
	[4, 1, { max_images: {} }, { predictions: 1, fields: { max_images: 4 } }],
	[4, 12, { max_images: { maximum: 15 } }, { predictions: 4, fields: { max_images: 1 } }],
	[4, 14, { num_images: { maximum: 14 } }, { predictions: 1, fields: { num_images: 4 } }],
	[3, 1, { n: { enum: [1, 2] } }, { predictions: 3, fields: { n: 1 } }],
	[1, 1, { n: { maximum: 4 } }, { predictions: 1, fields: { n: 1 } }],
	[2, 1, { n: { enum: ['1', '2'] } }, { predictions: 1, fields: { n: '2' } }],
	[3, 1, { n: { enum: [1, 2, 4] } }, { predictions: 3, fields: { n: 1 } }],
	[2, 1, {}, { predictions: 2, fields: {} }],
])('%d images with %d inputs of a model with %j: %j', (wanted, inputs, properties, plan) =>
	expect(planImages(wanted, inputs, rulesInSchema(properties).imageCount)).toEqual(plan),
);

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

	it('needs no key, tells what is not for the console, and reads prices in both shapes', async () => {
		const { models, http } = await read({
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
				...['two words', 'half-a-character\ud800', '=x'].map((model) => ({ model })),
				null,
				7,
			],
		});
		expect(http.requests).toMatchObject([
			{ authenticated: false, url: 'https://api.example.com/api/v1/models' },
		]);
		const listed = { type: 'Image', schemaUrl: null, isListed: true };
		expect(models).toEqual([
			{
				...listed,
				id: 'a',
				name: 'A',
				price: { usd: 0.027, unit: 'generation' },
				schemaUrl: 'https://s.example.com/a.json',
			},
			{ ...listed, id: 'b', name: 'B', price: null, isListed: false },
			{ ...listed, id: 'c', name: 'C', price: { usd: 0.03, unit: 'generation' } },
			{ ...listed, id: 'd', name: 'd', type: null, price: null },
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
	const images = { type: 'array', items: { type: 'string' }, maxItems: 2 };
	const at = 'https://static.example.com/x.json';
	const listed = (schema = at): Record<string, FakeAnswer> => ({
		[models]: { json: { data: [entry('x', { schema })] } },
	});

	it('are known for the usual models without a request', async () => {
		const { rules: v4, http } = await rules('bytedance/seedream-v4/edit', {});
		expect(v4).toMatchObject({
			sizes: { free: { minSide: 1024, maxSide: 4096 } },
			maxInputImages: 10,
		});
		expect(http.requests).toEqual([]);
	});

	it('are read from its schema, without the key', async () => {
		const properties = { size: { type: 'string', minimum: 256, maximum: 2048 }, images };
		const { rules: read, http } = await rules('x', { ...listed(), [at]: { json: schema(properties) } });
		expect(read).toMatchObject({
			sizes: { free: { minSide: 256, maxSide: 2048 } },
			maxInputImages: 2,
		});
		expect(http.requests.every(({ authenticated }) => !authenticated)).toBe(true);
	});

	it.each<[string, Record<string, FakeAnswer>]>([
		['the catalog is down', { [models]: { statusCode: 500 } }],
		['the catalog is empty', { [models]: { json: { data: [] } } }],
		['it has no schema', { [models]: { json: { data: [entry('x')] } } }],
		['its schema is gone', listed()],
		['its schema is in a private network', listed('https://10.0.0.1/x')],
		['its schema is no JSON', { ...listed(), [at]: { chunks: [Buffer.from('<html>')] } }],
	])('are open where %s', async (_why, answers) =>
		expect((await rules('x', answers)).rules).toMatchObject({ sizes: UNKNOWN_SIZES, maxInputImages: 14 }),
	);

	const SEEDREAM_47 = 'bytedance/seedream-v4.7';
	it.each<[string, object | null, string, string]>([
		[
			SEEDREAM_47,
			null,
			`Atlas Cloud has no model "${SEEDREAM_47}"`,
			'Did you mean bytedance/seedream-v4/edit?',
		],
		['hidden/edit', {}, '', ''],
		['film', { type: 'Video' }, 'film doesn’t edit images', 'Atlas Cloud Models node'],
		[
			'bytedance/seedream-v4.5',
			{},
			'bytedance/seedream-v4.5 doesn’t edit images',
			'Choose a Seedream edit model',
		],
		['paint', { schema: at }, 'paint doesn’t edit images', 'Choose a Seedream edit model'],
	])('%s: %j', async (model, more, message, howTo) => {
		const others = [
			entry('flux/dev'),
			entry('bytedance/seedream-v4/edit'),
			entry('hidden/edit', { display_console: false }),
		];
		const listed = more && model !== 'hidden/edit' ? [entry(model, more)] : [];
		const answers = {
			[models]: { json: { data: [...others, ...listed] } },
			[at]: { json: schema({ prompt: { type: 'string' } }) },
		};
		const { error } = await settled<unknown, AtlasError>(rules(model, answers));
		expect(error?.message ?? '').toBe(message);
		expect(error?.description ?? '').toContain(howTo);
	});
});
