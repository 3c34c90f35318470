import { otherContent } from '../../nodes/AtlasCloud/api/files/otherContent';

const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
const text = (content: string) => Buffer.from(content);

it.each<[what: string, bytes: Buffer, fileName: string | null, words: string, step: RegExp | null]>([
	['nothing', Buffer.alloc(0), null, 'is empty (0 bytes)', /previous node/],
	[
		'a decoded data URI',
		Buffer.from(`data:image/jpeg;base64,${png.toString('base64')}`, 'base64'),
		null,
		'was made from a whole data URI',
		/split/,
	],
	[
		'a data URI',
		text(`data:image/png;base64,${png.toString('base64')}`),
		null,
		'contains a data URI as text',
		/after "base64,"/,
	],
	[
		'base64 of a PNG',
		text(png.toString('base64')),
		'a.png',
		'contains base64 text',
		/Move Base64 String to File/,
	],
	[
		'base64 of a JPEG, in lines',
		text('/9j/4AAQSkZJRgABAQ\r\nEAYABgAAD/'),
		null,
		'contains base64 text',
		/Convert to File/,
	],
	['JSON', text('\ufeff {"error": {"code": 404}}'), 'a.jpg', 'is a JSON document', /error message/],
	[
		'XML',
		text('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'),
		null,
		'is an XML document',
		/error message/,
	],
	['WhatsApp', Buffer.from('e5a19b7c02ff', 'hex'), 'media.enc', 'is an encrypted WhatsApp file', /decrypt/],
	['gzip', Buffer.from('1f8b0800', 'hex'), null, 'is compressed (gzip)', /Decompress/],
	['text', text('sku;name\n1;Schuhgröße\n'), 'rows.csv', 'is plain text', null],
	['anything', Buffer.from('0102030405a0', 'hex'), null, 'isn’t an image', null],
])('tells %s', (_what, bytes, fileName, words, step) => {
	const { what, advice } = otherContent(bytes, fileName, 'image');
	expect(what).toContain(words);
	if (step) expect(advice).toMatch(step);
	else expect(advice).toBeNull();
});
