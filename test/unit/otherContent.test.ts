import { otherContent } from '../../nodes/AtlasCloud/api/files/otherContent';

const base64 = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex').toString('base64');
const text = (content: string) => Buffer.from(content);

it.each<[what: string, bytes: Buffer, words: RegExp, fileName?: string]>([
	['nothing', Buffer.alloc(0), /is empty \(0 bytes\).*previous node/s],
	[
		'a decoded data URI',
		Buffer.from(`data:image/jpeg;base64,${base64}`, 'base64'),
		/from a whole data URI.*split/s,
	],
	['a data URI', text(`data:image/png;base64,${base64}`), /contains a data URI as text.*after "base64,"/s],
	['base64 of a PNG', text(base64), /contains base64 text.*Move Base64 String to File/s, 'a.png'],
	['base64 in lines', text('/9j/4AAQSkZJRgABAQ\r\nEAYABgAAD/'), /contains base64 text.*Convert to File/s],
	['base64 in quotes', text(`"${base64}"`), /contains base64 text/],
	...[
		'ID3\x04\0\0',
		'\0\0\0\x18ftypisom',
		'\0\0\0\x18ftypheic',
		'OggS\0\x02',
		'PK\x03\x04\x14\0',
		'<svg xmlns=',
	].map((bytes): [string, Buffer, RegExp] => [
		`base64 of ${JSON.stringify(bytes)}`,
		text(Buffer.from(bytes.padEnd(60), 'latin1').toString('base64')),
		/contains base64 text/,
	]),
	[
		'a JPEG read as text',
		text(Buffer.from('ffd8ffe000104a46494600', 'hex').toString('utf8')),
		/read as text.*Response Format to File/,
	],
	[
		'a PNG read as text',
		text(Buffer.from('89504e470d0a1a0a', 'hex').toString('utf8')),
		/read as text.*Response Format to File/,
	],
	['JSON', text('\ufeff {"error": {"code": 404}}'), /is a JSON document.*error message/s, 'a.jpg'],
	[
		'XML',
		text('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'),
		/an XML document.*error message/s,
	],
	['WhatsApp', Buffer.from('e5a19b7c02ff', 'hex'), /is an encrypted WhatsApp file.*decrypt/s, 'media.enc'],
	['gzip', Buffer.from('1f8b0800', 'hex'), /is compressed \(gzip\).*Decompress/s],
	['one word', text('Hello'), /is plain text null$/],
	['text', text('sku;name\n1;Schuhgröße\n'), /is plain text null$/, 'rows.csv'],
	['anything', Buffer.from('0102030405a0', 'hex'), /isn’t an image null$/],
])('tells %s', (_what, bytes, words, fileName = '') => {
	const { what, advice } = otherContent(bytes, fileName, 'image');
	expect(`${what} ${advice}`).toMatch(words);
});
