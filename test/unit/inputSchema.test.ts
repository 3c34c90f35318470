import { readInputSchema, type ModelField } from '../../nodes/AtlasCloud/api/models/inputSchema';
import {
	describeAccepted,
	isAccepted,
	kindByUrl,
	type MediaRule,
} from '../../nodes/AtlasCloud/api/models/mediaFields';
import type { JsonObject } from '../../nodes/AtlasCloud/api/json';

function fieldsOf(input: JsonObject, others: JsonObject = {}): ModelField[] {
	return readInputSchema({ components: { schemas: { Input: input, ...others } } }) ?? [];
}

function fieldOf(property: JsonObject, name = 'field'): ModelField {
	return fieldsOf({ properties: { [name]: property } })[0];
}

const OWN = { properties: { image: { type: 'string' }, seed: { type: 'integer' } }, required: ['image'] };

const EITHER = ['seed', 'image'].map((name) => ({ type: 'object', required: [name] }));

describe('the input fields of a model', () => {
	it('come in the order that Atlas gives them, the others after them, without the model', () => {
		const text = { type: 'string' };
		const properties = { model: text, prompt: text, seed: text, duration: text };
		const fields = fieldsOf({ properties, 'x-order-properties': ['model', 'duration', 'nothing', 'prompt'] });
		expect(fields.map(({ name }) => name)).toEqual(['duration', 'prompt', 'seed']);
	});

	it('have a title, made from the name where Atlas gives none', () => {
		expect(fieldOf({ type: 'string', title: 'Camera' }).title).toBe('Camera');
		expect(fieldOf({ type: 'string' }, 'generate_audio').title).toBe('Generate Audio');
	});

	it('are required, hidden and limited as the schema says', () => {
		const [field] = fieldsOf({
			required: ['n'],
			properties: { n: { type: 'integer', minimum: 1, maximum: 4, default: 2, hidden: true } },
		});
		expect(field).toMatchObject({
			type: 'integer',
			isRequired: true,
			isHidden: true,
			minimum: 1,
			maximum: 4,
			defaultValue: 2,
		});
	});

	it('follow local references, and what stands beside a reference wins', () => {
		const input = { properties: { ratio: { $ref: '#/components/schemas/Ratio', default: '1:1' } } };
		const others = { Ratio: { type: 'string', enum: ['16:9', '1:1'], default: '16:9' } };
		expect(fieldsOf(input, others)[0]).toMatchObject({
			type: 'text',
			enumValues: ['16:9', '1:1'],
			defaultValue: '1:1',
		});
	});

	it.each<[string, JsonObject]>([
		['several parts', { allOf: [{ $ref: '#/components/schemas/Base' }, OWN] }],
		['one part and its own', { allOf: [{ $ref: '#/components/schemas/Base' }], ...OWN }],
		['a reference and its own', { $ref: '#/components/schemas/Base', ...OWN }],
		['parts beside alternatives', { allOf: [{ $ref: '#/components/schemas/Base' }, OWN], anyOf: EITHER }],
	])('are those of all parts: of %s', (_what, input) => {
		const Base = { properties: { prompt: { type: 'string' } }, required: ['prompt'] };
		expect(fieldsOf(input, { Base })).toMatchObject([
			{ name: 'prompt', isRequired: true },
			{ name: 'image', isRequired: true },
			{ name: 'seed', isRequired: false },
		]);
	});

	it('survive a reference that leads to itself, or nowhere', () => {
		const loop = { $ref: '#/components/schemas/Loop' };
		expect(fieldsOf({ properties: { a: loop, b: { $ref: '#/none' } } }, { Loop: loop })).toHaveLength(2);
	});

	it.each<[string, JsonObject, Partial<ModelField>]>([
		['text or null', { anyOf: [{ type: 'string' }, { type: 'null' }] }, { type: 'text' }],
		['a list of types with null', { type: ['integer', 'null'] }, { type: 'integer' }],
		['a number or a word', { oneOf: [{ type: 'number' }, { type: 'string' }] }, { type: 'any' }],
		[
			'two lists of values',
			{
				anyOf: [
					{ type: 'string', enum: ['a'] },
					{ type: 'string', enum: ['b'] },
				],
			},
			{ type: 'text', enumValues: ['a', 'b'] },
		],
		[
			'a list of values or any text',
			{ anyOf: [{ type: 'string', enum: ['a'] }, { type: 'string' }] },
			{ type: 'text', enumValues: null },
		],
		[
			'a range or another number',
			{
				anyOf: [
					{ type: 'integer', minimum: 4, maximum: 15, multipleOf: 2 },
					{ type: 'integer', enum: [-1] },
				],
			},
			{ type: 'integer', minimum: null, maximum: null, multipleOf: null, examples: [-1] },
		],
		[
			'a short list or a longer one',
			{
				oneOf: [
					{ type: 'array', minItems: 1, maxItems: 2 },
					{ type: 'array', minItems: 4, maxItems: 4 },
				],
			},
			{ type: 'json', minItems: null, maxItems: null },
		],
		[
			'a file or a list of files',
			{
				anyOf: [
					{ type: 'string', format: 'uri' },
					{ type: 'array', items: { type: 'string', format: 'uri' }, maxItems: 4 },
				],
			},
			{ media: expect.objectContaining({ isList: true }) as MediaRule, maxItems: 4 },
		],
		[
			'a text or a list',
			{ anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'integer' } }] },
			{ type: 'any', media: null },
		],
		['numbers to choose from', { enum: [4, 8] }, { type: 'number', enumValues: [4, 8] }],
		['an object', { type: 'object', properties: {} }, { type: 'json' }],
		['a list of numbers', { type: 'array', items: { type: 'number' } }, { type: 'json', media: null }],
	])('read %s', (_name, property, expected) => {
		expect(fieldOf(property)).toMatchObject(expected);
	});

	it('are null where the document describes no input', () => {
		expect(readInputSchema({})).toBeNull();
	});
});

describe('a document counts as unreadable', () => {
	const repeat = <T>(count: number, make: (i: number) => T) =>
		Array.from({ length: count }, (_, i) => make(i));
	const properties = (count: number, property: JsonObject): JsonObject =>
		Object.fromEntries(repeat(count, (i) => [`f${i}`, property]));
	const listOf = (count: number) => ({ type: 'string', enum: repeat(count, String) });
	const ref = { $ref: '#/components/schemas/A' };
	const isReadable = (input: JsonObject, A: JsonObject = {}) =>
		readInputSchema({ components: { schemas: { Input: input, A } } }) !== null;

	it.each<[string, JsonObject, JsonObject, boolean]>([
		['500 fields', properties(500, { type: 'string' }), {}, true],
		['501 fields', properties(501, { type: 'string' }), {}, false],
		['2,000 values', { a: listOf(1_000), b: listOf(1_000) }, {}, true],
		['2,001 values', { a: listOf(1_000), b: listOf(1_001) }, {}, false],
		['values by reference', properties(10, ref), listOf(200), true],
		['too many values by reference', properties(11, ref), listOf(200), false],
		['long texts by reference', properties(500, ref), { description: 'x'.repeat(10_000) }, false],
		['many parts by reference', properties(500, ref), { allOf: repeat(10_000, () => ({})) }, false],
		['many keys by reference', properties(500, ref), properties(10_000, {}), false],
		['many file types by reference', properties(500, ref), { 'x-accept': repeat(10_000, String) }, false],
		['references that branch', properties(2, ref), { anyOf: repeat(1_000, () => ref) }, false],
		['parts that branch', properties(2, ref), { allOf: repeat(1_000, () => ref) }, false],
		['one alternative again and again', properties(500, { anyOf: [ref] }), listOf(1_000), false],
	])('with %s: %#', (_what, fields, A, expected) => {
		expect(isReadable({ properties: fields }, A)).toBe(expected);
	});

	it('if it nests deeper than the stack', () => {
		const deep = JSON.parse(`${'{"items":'.repeat(50_000)}{}${'}'.repeat(50_000)}`) as JsonObject;
		expect(isReadable({ properties: { a: ref } }, deep)).toBe(false);
	});
});

describe('texts of strangers', () => {
	it('never reach a parameter as an expression', () => {
		const input: JsonObject = {
			properties: {
				prompt: { type: 'string', title: '={{ $env }}', default: '={{ $env }}' },
				style: { type: 'string', enum: ['={{ $env }}', 'b'], title: '<b>Style</b>\n' },
				'={{ $env }}': { type: 'string' },
				'=': { type: 'string', title: '=' },
			},
		};
		const fields = fieldsOf(input);
		expect(JSON.stringify(fields)).not.toContain('"=');
		expect(fields).toMatchObject([
			{ name: 'prompt', title: '{{ $env }}', defaultValue: undefined },
			{ name: 'style', title: '‹b>Style‹/b>', enumValues: ['b'] },
		]);
	});

	it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])('may name a field %s', (name) => {
		const property = { type: 'string', 'x-accept': name };
		const input = JSON.parse(`{"properties":{"${name}":{"type":"string","enum":["a"]}}}`) as JsonObject;
		expect(fieldsOf(input)).toMatchObject([{ name, media: null, enumValues: ['a'] }]);
		expect(fieldOf(property).media?.kind).toBeNull();
		const merged = JSON.parse(`{"allOf":[{"${name}":{"type":"string"}},{"type":"string"}]}`) as JsonObject;
		expect(fieldOf(merged)).toMatchObject({ type: 'text', enumValues: null });
	});
});

describe('media fields', () => {
	const text = { type: 'string' };
	const list = { type: 'array', items: text };

	it.each([
		['image', text, 'image'],
		['images', list, 'image'],
		['first_frame_image', text, 'image'],
		['mask_image', text, 'image'],
		['referenceImages', list, 'image'],
		['video', text, 'video'],
		['reference_videos', list, 'video'],
		['audio_url', text, 'audio'],
	])('%s is one by its name', (name, schema, kind) => {
		expect(fieldOf(schema, name).media).toMatchObject({ kind, isList: schema === list });
	});

	it.each<[string, JsonObject]>([
		['audio', { type: 'boolean' }],
		['generate_audio', text],
		['num_images', { type: 'integer' }],
		['max_images', text],
		['image_size', text],
		['image', { type: 'string', enum: ['a', 'b'] }],
		['prompt', text],
		['webhook_url', { type: 'string', format: 'uri' }],
	])('%s is none (%j)', (name, schema) => {
		expect(fieldOf(schema, name).media).toBeNull();
	});

	it('are told by what the schema accepts, whatever they are called', () => {
		const { media } = fieldOf({ type: 'string', 'x-accept': '.mp4, .MOV', 'x-max-size-mb': 50 }, 'source');
		expect(media).toEqual({
			kind: 'video',
			isList: false,
			objectKey: null,
			kindKey: null,
			accept: ['.mp4', '.mov'],
			maxSizeMb: 50,
		});
	});

	it('are told by an address format', () => {
		expect(fieldOf({ type: 'string', format: 'uri' }, 'source').media).toMatchObject({ kind: null });
	});

	it('may be lists of objects with an address', () => {
		const items = { type: 'object', properties: { url: text, type: text } };
		expect(fieldOf({ type: 'array', items }, 'refers').media).toMatchObject({
			isList: true,
			objectKey: 'url',
		});
	});

	it('may be lists of objects with references and alternatives in them', () => {
		const properties = {
			url: { anyOf: [text, { type: 'null' }] },
			type: { $ref: '#/components/schemas/Kind' },
			broken: 1,
		};
		const input = { properties: { refers: { type: 'array', items: { $ref: '#/components/schemas/File' } } } };
		const [field] = fieldsOf(input, { File: { properties }, Kind: { enum: ['image', 'video'] } });
		expect(field.media).toMatchObject({
			objectKey: 'url',
			kindKey: 'type',
			entry: { type: { enum: ['image', 'video'] } },
		});
	});

	const rule: MediaRule = {
		kind: 'image',
		isList: false,
		objectKey: null,
		kindKey: null,
		accept: [],
		maxSizeMb: null,
	};

	it.each<[Partial<MediaRule>, string, boolean]>([
		[{ accept: ['image/jpeg'] }, 'image/jpeg .jpg', true],
		[{ accept: ['.jpeg'] }, 'image/jpeg .jpg', true],
		[{ accept: ['image/*'] }, 'image/webp .webp', true],
		[{ accept: ['.png'] }, 'image/jpeg .jpg', false],
		[{ accept: ['image/x-ms-bmp'] }, 'image/bmp .bmp', true],
		[{ accept: ['audio/x-flac'] }, 'audio/flac .flac', true],
		[{ accept: ['audio/x-m4a'] }, 'audio/mp4 .m4a', true],
		[{ accept: ['audio/x-wav'] }, 'audio/wav .wav', true],
		[{ accept: ['audio/vnd.wave'] }, 'audio/wav .wav', true],
		[{}, 'video/mp4 .mp4', false],
		[{ kind: null }, 'video/mp4 .mp4', true],
	])('of %j take the kinds of files that the schema names: %s', (differs, file, expected) => {
		const [mimeType = '', extension = ''] = file.split(' .');
		expect(isAccepted({ ...rule, ...differs }, mimeType, extension)).toBe(expected);
	});
});

it.each<[Partial<MediaRule>, string | null]>([
	[{ accept: ['image/jpeg', 'image/png', '.webp'] }, 'JPEG, PNG, WEBP'],
	[{ accept: ['audio/*'] }, 'any audio file'],
	[{ accept: ['image/x-ms-bmp', '.bmp', 'audio/x-wav'] }, 'BMP, WAV'],
	[{ kind: 'video' }, 'any video file'],
	[{}, null],
])('a field with %j says that it takes %s', (rule, expected) => {
	expect(describeAccepted({ kind: null, accept: [], ...rule } as MediaRule)).toBe(expected);
});

it.each([
	['https://a.example.com/b.MP4?x=.png', 'video'],
	['https://a.example.com/b.jpeg#c', 'image'],
	['https://a.example.com/b', null],
])('%s leads to: %s', (url, kind) => expect(kindByUrl(url)).toBe(kind));
