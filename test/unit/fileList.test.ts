import { addressIn, fileList } from '../../nodes/AtlasCloud/api/fileList';

const a = 'https://cdn.example.com/w_100,h_200/a.jpg';
const b = 'http://example.org/b.png?x=1,2';
const png = 'data:image/png;base64,iVBORw0KGgo=';
const wrapped = `data:image/png;base64,${'QUJD'.repeat(12)}\n${'QUJD'.repeat(19)}\r\nQUJD`;
const joined = wrapped.replace(/\s/g, '');

const base64 = `\n${`${'QUJD'.repeat(15)} \r\n`.repeat(20)}QQ==\n`;

/** How n8n's forms name a file: by its question. */
const question = 'Please_upload_a_photo_of_the_product_from_the_front_as_JPEG_or_PNG_0';

/** Files that the item has. */
const names = [question, 'photo', 'logo', 'front, left', 'my photo', 'a;b', ' spaced '];

it.each<[what: string, given: unknown, wanted: unknown[]]>([
	['nothing', undefined, []],
	['blanks and an invisible character', ' \n\u200b\t', []],
	['a name', 'photo', ['photo']],
	['names', 'photo, logo', ['photo', 'logo']],
	['names on lines', 'photo\r\n\r\nlogo\n', ['photo', 'logo']],
	['names with semicolons and bars', 'photo; logo | back', ['photo', 'logo', 'back']],
	['a name with a comma', 'front, left', ['front, left']],
	['a name with a comma on a line', 'logo\nfront, left', ['logo', 'front, left']],
	['a name with a blank', 'my photo, logo', ['my photo', 'logo']],
	['a name with blanks at its ends', ' spaced ', [' spaced ']],
	['a name that is not there', ' other ', ['other']],
	['a star', '*', ['*']],
	['an address', a, [a]],
	['addresses on lines', `\n ${a} \r\n\n${b}\n`, [a, b]],
	['addresses with commas', `${a}, ${b},${a}`, [a, b, a]],
	['addresses with commas at the line ends', `${a},\n${b},`, [a, b]],
	['addresses with semicolons', `${a};${b} ; ${a}`, [a, b, a]],
	['addresses with blanks', `${a} ${b}\t${a}`, [a, b, a]],
	['JSON', JSON.stringify([a, b]), [a, b]],
	['JSON in an array', [JSON.stringify([a]), [b]], [a, b]],
	['addresses in quotes', `"${a}","${b}"`, [a, b]],
	['addresses in single quotes', `'${a}', '${b}'`, [a, b]],
	['a list in curly quotes', `“${a}” “${b}”`, [a, b]],
	['one pair of quotes around all', `'${a}, ${b}'`, [a, b]],
	['a list that is no JSON', `['${a}', '${b}']`, [a, b]],
	['Airtable’s CSV', `my photo (1).jpg (${a}),b.png (${b})`, [a, b]],
	['a name and Airtable’s CSV', `logo, a.jpg (${a})`, ['logo', a]],
	['an address before one in brackets', `${a} (${b})`, [`${a} (${b})`]],
	['an address in angle brackets', `<${a}>`, [a]],
	['an address that ends with a bracket', 'https://example.com/a_(1)', ['https://example.com/a_(1)']],
	['invisible characters around', `\ufeff${a}\u200b\n\u200e${b}\u00a0`, [a, b]],
	['a blank inside an address', 'https://example.com/my photo.jpg', ['https://example.com/my photo.jpg']],
	[
		'an address in an address',
		'https://p.example.com/https://x.org/a.jpg',
		['https://p.example.com/https://x.org/a.jpg'],
	],
	['a name, an address, and a name', `photo, ${a}, logo`, ['photo', a, 'logo']],
	['an address and a name on a line', `${a} photo`, [a, 'photo']],
	['an address and a name after a comma', `${a},logo`, [a, 'logo']],
	['an address with a comma and no name', `${a},back`, [`${a},back`]],
	['a data URI', png, [png]],
	['a data URI and a name', `${png}, photo`, [png, 'photo']],
	['a data URI, a name, and an address', `${png},photo;${a}`, [png, 'photo', a]],
	['a wrapped data URI', wrapped, [joined]],
	['a wrapped data URI, an address, and a name', `${wrapped}\n${a}\nphoto`, [joined, a, 'photo']],
	['a wrapped data URI and a name', `${wrapped}\nphoto`, [joined, 'photo']],
	['a data URI with blanks', 'data:image/png;base64,iVB Rw0', ['data:image/png;base64,iVB Rw0']],
	[
		'an SVG as data URI',
		'data:image/svg+xml;utf8,<svg a="1,2"/>',
		['data:image/svg+xml;utf8,<svg a="1,2"/>'],
	],
	['wrapped base64 without its type', base64, [base64]],
	['names on lines, the first as long as a line of base64', `${question}\nlogo`, [question, 'logo']],
	['objects', [{ url: a }, { src: b }], [{ url: a }, { src: b }]],
	['objects as JSON', JSON.stringify([{ url: a }]), [{ url: a }]],
	['an object as text', '[object Object], [object Object] ', ['[object Object]', '[object Object]']],
	['a number', 7, [7]],
	['braces that are no JSON', '{a}', ['{a}']],
])('reads %s', (_what, given, wanted) => {
	expect(fileList(given, (text) => names.includes(text))).toEqual(wanted);
});

it.each<[what: string, value: unknown, wanted: string | null]>([
	['Airtable', { id: 'att1', url: a, filename: 'a.jpg', thumbnails: { small: { url: b } } }, a],
	['Shopify', { id: 1, src: a, alt: null }, a],
	['a product’s image', { image: { src: a } }, a],
	['Notion', { name: 'a', type: 'file', file: { url: a } }, a],
	['Notion, elsewhere', { name: 'a', external: { url: a } }, a],
	['an OpenAI message', { type: 'image_url', image_url: { url: png } }, png],
	['OneDrive', { id: '1', name: 'a.png', '@microsoft.graph.downloadUrl': a }, a],
	['an edit', { predictionId: 'p', imageUrl: a }, a],
	['Cloudinary', { public_id: '1', url: b, secure_url: a }, a],
	['WordPress', { id: 1, link: 'https://example.com/photo/', source_url: a }, a],
	['no address', { url: 'photo.jpg' }, null],
	['a list', [a], null],
	['a text', a, null],
])('finds the address in an object: %s', (_what, value, wanted) => {
	expect(addressIn(value)).toBe(wanted);
});

it('takes no longer for long texts', () => {
	const long = 1_000_000;
	const texts = [
		' '.repeat(long),
		','.repeat(long),
		`${png.slice(0, -1)}${'A'.repeat(long)}`,
		`x${' '.repeat(long)}x`,
		`${'A'.repeat(76)}\n`.repeat(long / 50),
	];
	for (const text of texts) expect(fileList(text).length).toBeLessThan(2);
	expect(fileList(`${'\n'.repeat(long)}${'A\n'.repeat(1000)}`)).toHaveLength(1000);
	const deep = `${'['.repeat(5_000)}${'"A",'.repeat(99_999)}"A"${']'.repeat(5_000)}`;
	expect(fileList(deep)).toHaveLength(100_000);
	const isName = (text: string) => text === 'A';
	for (const repeated of [',A', ', «https://x.org/'])
		expect(fileList(`https://x.org/${repeated.repeat(50_000)}`, isName)).toHaveLength(50_001);
});
