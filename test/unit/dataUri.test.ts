import { readDataUri } from '../../nodes/AtlasCloud/api/files/dataUri';

/** Its base64 has a plus sign, a slash, and one padding character. */
const bytes = Buffer.from('fbefbeff00fb', 'hex').subarray(0, 5);
const base64 = bytes.toString('base64');
const wrapped = `${base64.slice(0, 4)}\r\n\t${base64.slice(4)}\n`;

it.each<[what: string, uri: string, mimeType: string]>([
	['plain', `data:image/png;base64,${base64}`, 'image/png'],
	['in capitals', `DATA:image/png;BASE64,${base64}`, 'image/png'],
	['with line breaks', `data:image/png;base64,${wrapped}`, 'image/png'],
	['with blanks between', `data:image/png;base64, ${base64.slice(0, 4)} ${base64.slice(4)}`, 'image/png'],
	['with a character set', `data:image/png;charset=utf-8;base64,${base64}`, 'image/png'],
	['as octet-stream', `data:application/octet-stream;base64,${base64}`, 'application/octet-stream'],
	['of any image type', `data:image/*;base64,${base64}`, 'image/*'],
	['without a type', `data:;base64,${base64}`, ''],
	['with blanks for plus signs', `data:image/png;base64,${base64.replaceAll('+', ' ')}`, 'image/png'],
	['percent-encoded', `data:image/png;base64,${encodeURIComponent(base64)}`, 'image/png'],
	['without padding', `data:image/png;base64,${base64.replace('=', '')}`, 'image/png'],
	['with surplus padding', `data:image/png;base64,${base64}==`, 'image/png'],
	['in the alphabet of URLs', `data:image/png;base64,${bytes.toString('base64url')}`, 'image/png'],
])('is read %s', (_what, uri, mimeType) => {
	expect(base64).toMatch(/\+.*\/.*=$/);
	const found = readDataUri('Images', uri);
	expect(Buffer.from(found.base64, 'base64')).toEqual(bytes);
	expect(found).toMatchObject({ mimeType, fileName: null });
});

it('may have a name, and may be text', () => {
	expect(readDataUri('Images', `data:image/png;name=my%20photo.png;base64,${base64}`).fileName).toBe(
		'my photo.png',
	);
	const { base64: svg } = readDataUri('Images', "data:image/svg+xml;utf8,<svg a='1,2'>%3C/svg%3E");
	expect(Buffer.from(svg, 'base64').toString()).toBe("<svg a='1,2'></svg>");
});

it.each([
	['data:image/png;base64', 'it has no comma before its content'],
	[`data:${'x'.repeat(400)},${base64}`, 'it has no comma before its content'],
	['data:image/png;base64,iVBO…', '"…" isn’t base64'],
	['data:image/png;base64,iVBORw0KG', 'its end is missing'],
])('is refused if damaged: %s', (uri, why) => {
	expect(() => readDataUri('Images', uri)).toThrow(`'Images' contains a damaged data URI: ${why}`);
});
