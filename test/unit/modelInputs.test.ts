import { readInputSchema } from '../../nodes/AtlasCloud/api/models/inputSchema';
import { checkInputs } from '../../nodes/AtlasCloud/api/models/modelInputs';
import type { JsonObject } from '../../nodes/AtlasCloud/api/json';

function check(properties: JsonObject, given: JsonObject, required: string[] = []) {
	const fields = readInputSchema({ components: { schemas: { Input: { properties, required } } } });
	return checkInputs(fields ?? [], given);
}

it.each<[JsonObject, unknown, unknown]>([
	[{ type: 'integer' }, '10', 10],
	[{ type: 'integer', enum: [5, 10] }, '10', 10],
	[{ type: 'string', enum: ['480p', '720p'] }, '720P', '720p'],
	[{ type: 'string', enum: ['16:9', '9:16'] }, 0.6729166666666667, '16:9'],
	[{ type: 'string' }, 7, '7'],
	[{ type: 'boolean' }, 'false', false],
	[{ type: 'array', items: { type: 'number' } }, '[1, 2]', [1, 2]],
	[{ type: 'object' }, { a: 1 }, { a: 1 }],
	[{ type: ['number', 'string'] }, 'auto', 'auto'],
	[{ type: ['number', 'string'] }, '2', 2],
])('values are sent in the declared type: %j: %j becomes %j', (schema, value, expected) => {
	expect(check({ field: schema }, { field: value }).body).toEqual({ field: expected });
});

describe('a value that the model does not take is refused in words with its title', () => {
	it.each<[JsonObject, unknown, RegExp]>([
		[
			{ type: 'integer', minimum: 4, maximum: 12 },
			13,
			/^'Duration' must be a whole number between 4 and 12, but it is 13$/,
		],
		[{ type: 'integer' }, 1.5, /^'Duration' must be a whole number, but it is 1.5$/],
		[{ type: 'number', minimum: 0 }, -1, /^'Duration' must be a number, 0 or higher, but it is -1$/],
		[{ type: 'number' }, 'long', /^'Duration' must be a number, but it is "long"$/],
		[{ type: 'integer', enum: [5, 10] }, 7, /^'Duration' can’t be 7$/],
		[{ type: 'boolean' }, 'maybe', /^'Duration' must be true or false, but it is "maybe"$/],
		[{ type: 'string' }, {}, /^'Duration' must be text, but it is an object$/],
		[{ type: 'array' }, 'a, b', /^'Duration' must be JSON, but it is "a, b"$/],
	])('%j: %j', (schema, value, message) => {
		expect(() => check({ duration: schema }, { duration: value })).toThrow(message);
	});

	it.each(['', ' ', '\u200b'])('names what is missing: "%s"', (prompt) => {
		const given = () => check({ prompt: { type: 'string' } }, { prompt }, ['prompt']);
		expect(given).toThrow("'Prompt' is empty");
	});
});

it('sends the default of a field that is required and empty', () => {
	expect(check({ n: { type: 'integer', default: 3 } }, {}, ['n']).body).toEqual({ n: 3 });
	const image = { type: 'string', format: 'uri', default: 'https://example.com/sample.png' };
	expect(() => check({ image }, { image: ' ' }, ['image'])).toThrow("'Image' is empty");
});

it('leaves it to Atlas if a required field is hidden and has no default', () => {
	expect(check({ mode: { type: 'string', hidden: true } }, {}, ['mode']).body).toEqual({});
});

it('leaves out what is empty and what the model does not have, and reports the latter', () => {
	const { body, dropped } = check({ seed: { type: 'integer' } }, { seed: '', camera: 'still', other: null });
	expect(body).toEqual({});
	expect(dropped).toEqual(['camera']);
});

it('never reads what an object merely inherits', () => {
	const inherited = { type: 'string' };
	expect(check({ constructor: inherited }, {}).body).toEqual({});
});

const images = { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 2 };

it('media values are handed on as they are given, with the numbers that the schema allows', () => {
	const file = { mimeType: 'image/png', data: 'AA==' };
	const { media, body } = check({ images, image: { type: 'string' } }, { images: 'a, b, c', image: file });
	expect(media).toMatchObject([
		{ name: 'images', value: 'a, b, c', min: 1, max: 2 },
		{ name: 'image', value: file, min: 1, max: 1 },
	]);
	expect(body).toEqual({});
});

it.each(['constructor', 'toString', '__proto__'])('a field may be called %s', (name) => {
	const own = (value: string) => JSON.parse(`{"${name}":${value}}`) as JsonObject;
	const schema = own('{"type":"string"}');
	expect(JSON.stringify(check(schema, own('"x"')).body)).toBe(`{"${name}":"x"}`);
	expect(check(schema, {}).body).toEqual({});
	expect(check({}, own('"x"')).dropped).toEqual([name]);
});
