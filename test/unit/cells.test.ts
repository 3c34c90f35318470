import { readBoolean, readRatio, readText } from '../../nodes/AtlasCloud/api/cells';

it.each<[value: unknown, wanted: string]>([
	['  Make it red \u200b\n', 'Make it red'],
	['Write {{ name }} and {{$5}} on the sign', 'Write {{ name }} and {{$5}} on the sign'],
	[
		'The handlebars template {{ Object }} for "$5", a $node of $json.',
		'The handlebars template {{ Object }} for "$5", a $node of $json.',
	],
	['Paint car #1 in #FF0000 and #NAME', 'Paint car #1 in #FF0000 and #NAME'],
	['#SALE!', '#SALE!'],
	['#FF0000', '#FF0000'],
	['undefined behavior', 'undefined behavior'],
	['[object] in the middle', '[object] in the middle'],
	['👨‍👩‍👧', '👨‍👩‍👧'],
	[7, '7'],
	[['red', 'matte', 3], 'red, matte, 3'],
	['', ''],
	[' \n', ''],
	[null, ''],
	[undefined, ''],
	[[], ''],
])('reads %j as text', (value, wanted) => {
	expect(readText('Prompt', value)).toBe(wanted);
});

it.each<[value: unknown, message: string]>([
	[
		'Make it {{ $json.color }}',
		"'Prompt' contains an expression that n8n didn’t evaluate: {{ $json.color }}",
	],
	[
		"={{ $('Set').item.json.x",
		"'Prompt' contains an expression that n8n didn’t evaluate: {{ $('Set').item.json.x",
	],
	...[
		'{{ JSON.stringify($json.colors) }}',
		'{{ ($json.color || "red") }}',
		'{{ "a " + $json.x }}',
		'{{ [$json.a].join(" ") }}',
		'{{ `a ${$json.a}` }}',
		"{{ 'a ' + $('Set').item.json.x }}",
		'{{ DateTime.now().year }}',
		'{{ new Date() }}',
		'$json.color',
		'$node["Set"]',
	].map((one): [string, string] => [
		`Make it ${one}`,
		`'Prompt' contains an expression that n8n didn’t evaluate: ${one}`,
	]),
	['A [object Object] on a [object Array]', "'Prompt' contains [object Object] instead of text"],
	['#N/A', "'Prompt' contains the spreadsheet error #N/A"],
	['Paint it #REF!, please', "'Prompt' contains the spreadsheet error #REF!"],
	['In “#NAME?”', "'Prompt' contains the spreadsheet error #NAME?"],
	...['„#REF!“', '«#N/A»', '[#NUM!]', 'red/#DIV/0!'].map((one): [string, string] => [
		`Paint it ${one}`,
		"'Prompt' contains the spreadsheet error #",
	]),
	...[
		'#BEZUG!',
		'#NV',
		'#NAME?',
		'#N/D',
		'#¡REF!',
		'#¿NOMBRE?',
		'#NB',
		'#BUSY!',
		'#ЗНАЧ!',
		'#SAYI/0!',
		'#VALOR!',
		'Loading...',
	].map((one): [string, string] => [one, `'Prompt' contains the spreadsheet error ${one}`]),
	...['undefined', 'null', 'NULL', 'nan', '…', '...', '[truncated]'].map((one): [string, string] => [
		one,
		`'Prompt' is "${one}"`,
	]),
	[NaN, "'Prompt' must be text, but it is NaN"],
	['\u200b\u2060\ufeff', "'Prompt' contains only invisible characters"],
	['\u3164', "'Prompt' contains only invisible characters"],
	[true, "'Prompt' must be text, but it is true"],
	[{ a: 1 }, "'Prompt' must be text, but it is an object"],
	[[{ a: 1 }], "'Prompt' must be text, but it is a list"],
])('refuses %j as text', (value, message) => {
	expect(() => readText('Prompt', value)).toThrow(message);
});

it.each<[value: unknown, wanted: boolean | null]>([
	[true, true],
	['TRUE', true],
	[' yes', true],
	[1, true],
	[false, false],
	['False', false],
	['0', false],
	['', null],
	['maybe', null],
	[2, null],
	[null, null],
	[[true], null],
])('reads %j as yes or no: %j', (value, wanted) => {
	const read = () => readBoolean('Simplify', value, '');
	if (wanted === null) expect(read).toThrow("'Simplify' must be true or false");
	else expect(read()).toBe(wanted);
});

it.each([
	['16:09', '16:9'],
	['09:16:00', '9:16'],
	['01:01:00', '1:1'],
	['0.672916666666667', '16:9'],
	['0.04236111111111111', '1:1'],
	['16:9', '16:9'],
	['10:10', '10:10'],
	['16:10', '16:10'],
	['16:09:30', '16:09:30'],
	['0.67', '0.67'],
	['2', '2'],
	['2K', '2K'],
	['', ''],
])('reads "%s" as the ratio "%s"', (text, wanted) => {
	expect(readRatio(text)).toBe(wanted);
});
