import { AtlasError, inputError } from '../../nodes/AtlasCloud/api/errors';
import { countNoun, labelOf, listNames, plural, truncate } from '../../nodes/AtlasCloud/api/text';

const IMG = '<img src=https://evil.example/x.png><a href=https://evil.example>Sign in again</a>';

describe('a stranger’s text in a message', () => {
	it.each([
		['a tag', IMG, '‹img src=https://evil.example/x.png>‹a href=https://evil.example>Sign in again‹/a>'],
		['several lines', ' one\r\n\ttwo\u2028three\u0000\u001b[31m ', 'one two three [31m'],
		['text from right to left', 'gnp.\u202eexe', 'gnp. exe'],
		['a data URI', 'data:image/png;base64,AAAA', 'data:image/png;…'],
		['a data URI of nothing but tags', 'data:<img/src=x>,AAAA', 'data:‹img/src=x>;…'],
	])('%s is plain text on one line', (_what, text, expected) => expect(truncate(text)).toBe(expected));

	it.each([
		['a'.repeat(200), 'a'.repeat(200)],
		['a'.repeat(201), `${'a'.repeat(199)}…`],
		['a'.repeat(50_000_000), `${'a'.repeat(199)}…`],
		[`${'a'.repeat(198)}😀😀`, `${'a'.repeat(198)}…`],
		[`data:${'x'.repeat(1_000)},`, `data:${'x'.repeat(193)};…`],
	])('has at most 200 characters', (text, expected) => expect(truncate(text)).toBe(expected));

	it('makes no tag even where it was put in whole', () => {
		const error = inputError(`No ${IMG}\n\nhere`, `Not ${IMG}\nthere`);
		expect(error.message).toMatch(/^No ‹img [^<]*‹\/a> here$/);
		expect(error.description).toMatch(/^Not ‹img [^<]*‹\/a>\nthere$/);
	});

	it('hides no prediction ID', () => {
		const error = new AtlasError('line\nbreak', { kind: 'read', description: '', predictionId: 'p1' });
		expect(error.message).toBe('line break (prediction p1)');
	});
});

it.each([
	['={{ $env }}', '{{ $env }}'],
	[' \n==a', 'a'],
	['a=b', 'a=b'],
	['=', ''],
	['<b>Fast</b>', '‹b>Fast‹/b>'],
])('the label %j in the panel is plain text and no expression', (text, label) =>
	expect(labelOf(text)).toBe(label),
);

it('a list names the first ten', () => {
	const names = Array.from({ length: 12 }, (_, i) => `<${i}`);
	expect(listNames(names)).toBe('‹0, ‹1, ‹2, ‹3, ‹4, ‹5, ‹6, ‹7, ‹8, ‹9, and 2 more');
	expect(listNames(['a', 'b'])).toBe('a, b');
});

it('one is singular, and none is not mentioned', () => {
	expect([0, 0.5, 1, 2, 21].map((count) => plural(count, 'second'))).toEqual([
		'0 seconds',
		'0.5 seconds',
		'1 second',
		'2 seconds',
		'21 seconds',
	]);
	expect([0, 1, 2].map((count) => countNoun(count, 'edit', ' submitted'))).toEqual([
		[],
		['1 edit submitted'],
		['2 edits submitted'],
	]);
});
