import { Redaction } from '../../nodes/AtlasCloud/api/http/redaction';

const KEY = 'apikey-9F_3c.aB:/+=xyz';
const each = (write: (character: string) => string) => [...KEY].map(write).join('');
const hex = (character: string) => character.charCodeAt(0).toString(16);
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('the key is removed', () => {
	it.each<[string, string]>([
		['as it is', KEY],
		['after Bearer', `Bearer ${KEY}`],
		['in lower case', KEY.toLowerCase()],
		['in upper case', KEY.toUpperCase()],
		['percent-encoded', encodeURIComponent(KEY)],
		['percent-encoded twice', encodeURIComponent(encodeURIComponent(KEY))],
		['percent-encoded throughout', each((character) => `%${hex(character)}`)],
		['escaped in JSON', each((character) => `\\u00${hex(character).toUpperCase()}`)],
		['escaped in JSON inside JSON', JSON.stringify(JSON.stringify(KEY.replace('/', '\\/'))).slice(3, -3)],
		['escaped in JavaScript', each((character) => `\\x${hex(character)}`)],
		['as decimal entities', each((character) => `&#${character.charCodeAt(0)};`)],
		['as hexadecimal entities', each((character) => `&#x0${hex(character)};`)],
		['as entities inside HTML', KEY.replace('_', '&amp;lowbar;').replace('=', '&amp;#61;')],
		['in base64', base64(KEY)],
		['in base64url', Buffer.from(KEY).toString('base64url')],
		['in base64 after a user name', base64(`me:${KEY}`)],
		['in base64 after Bearer', base64(`Bearer ${KEY} and more`)],
		['in base64 after another letter', base64(`x${KEY}`)],
	])('%s', (_how, echo) => {
		for (const secret of [KEY, ` Bearer ${KEY}`, `bearer  ${KEY} `]) {
			const redacted = new Redaction(secret).text(`before ${echo} after`);
			expect(redacted).toMatch(/^before .*after$/);
			// Of base64, what depends on the neighbors stays.
			expect(redacted.replaceAll('…', '').length).toBeLessThan('before  after'.length + 32);
			expect(redacted).toContain('…');
		}
	});

	it('from names and strings of JSON, also where a name is one of Object.prototype', () => {
		const json: unknown = JSON.parse(
			`{"__proto__": "${KEY}", "a": [{"${KEY}": 1, "constructor": "x${KEY}"}]}`,
		);
		expect(JSON.stringify(new Redaction(KEY).json(json))).toBe(
			'{"__proto__":"…","a":[{"constructor":"x…","…":1}]}',
		);
	});
});

it('no other word is, and nothing where there is no key', () => {
	const text = 'apikey-9F_3c.aB is not the whole key';
	expect(new Redaction(KEY).text(text)).toBe(text);
	expect(new Redaction('').text('abc')).toBe('abc');
	expect(new Redaction('abc').text('abc')).toBe('abc');
});
