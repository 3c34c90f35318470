import {
	asArray,
	asNumber,
	asObject,
	asString,
	canonicalJson,
	isShallow,
	parseJson,
} from '../../nodes/AtlasCloud/api/json';

it('narrows what came over the wire', () => {
	expect(asObject({ a: 1 })).toEqual({ a: 1 });
	for (const value of [null, undefined, [], 'x', 1]) expect(asObject(value)).toBeUndefined();
	expect(asArray([1])).toEqual([1]);
	for (const value of [null, undefined, {}, 'x', { length: 1 }]) expect(asArray(value)).toEqual([]);
	expect(asString('x')).toBe('x');
	for (const value of ['', 1, null, undefined, {}]) expect(asString(value)).toBeNull();
	expect([asNumber(1.5), asNumber('1.5'), asNumber(' 2 '), asNumber('0.027')]).toEqual([1.5, 1.5, 2, 0.027]);
	for (const value of ['', ' ', 'x', '1,5', NaN, Infinity, null, [], true])
		expect(asNumber(value)).toBeNull();
	expect(parseJson('{"a":[1]}')).toEqual({ a: [1] });
	expect(parseJson('<html>')).toBeUndefined();
});

it('writes equal JSON values the same way, whatever the order of their keys', () => {
	const a = { b: 1, a: { d: [1, { z: 1, y: 2 }], c: null } };
	const b = { a: { c: null, d: [1, { y: 2, z: 1 }] }, b: 1 };
	expect(canonicalJson(a)).toBe(canonicalJson(b));
	expect(canonicalJson([2, 1])).toBe('[2,1]');
	expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
});

it('detects a value that is nested too deep for recursion', () => {
	const nested = (depth: number) => JSON.parse(`${'[{"a":'.repeat(depth)}1${'}]'.repeat(depth)}`) as unknown;
	for (const value of [undefined, null, 1, 'x', [], {}, nested(50)]) expect(isShallow(value)).toBe(true);
	expect(isShallow(Array.from({ length: 300_000 }, () => ({})))).toBe(true);
	for (const depth of [51, 100_000]) expect(isShallow(nested(depth))).toBe(false);
});
