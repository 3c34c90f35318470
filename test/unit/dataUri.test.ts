import { readDataUri } from '../../nodes/AtlasCloud/api/files/dataUri';

const pauses: number[] = [];
const clock = { sleepMs: async (ms: number) => void (await Promise.resolve(pauses.push(ms))) };
const read = async (uri: string) => await readDataUri('Images', uri, clock);

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
])('is read %s', async (_what, uri, mimeType) => {
	expect(base64).toMatch(/\+.*\/.*=$/);
	const found = await read(uri);
	expect(Buffer.from(found.base64, 'base64')).toEqual(bytes);
	expect(found).toMatchObject({ mimeType, fileName: null });
});

it('may have a name, and may be text', async () => {
	expect((await read(`data:image/png;name=my%20photo.png;base64,${base64}`)).fileName).toBe('my photo.png');
	const { base64: svg } = await read("data:image/svg+xml;utf8,<svg a='1,2'>%3C/svg%3E");
	expect(Buffer.from(svg, 'base64').toString()).toBe("<svg a='1,2'></svg>");
});

it.each([
	['data:image/png;base64', 'it has no comma before its content'],
	[`data:${'x'.repeat(400)},${base64}`, 'it has no comma before its content'],
	['data:image/png;base64,iVBO…', '"…" isn’t base64'],
	['data:image/png;base64,iVBORw0KG', 'its end is missing'],
	['data:image/png;base64,iVBORw%C2%A70KG', '"§" isn’t base64'],
	['data:image/png;base64,iVBORw0K%', '"%" isn’t base64'],
	['data:image/png;base64,iVBO=Rw0', '"=" isn’t base64'],
])('is refused if damaged: %s', async (uri, why) => {
	await expect(read(uri)).rejects.toThrow(`'Images' contains a damaged data URI: ${why}`);
});

it('of many megabytes lets others work in between, and no code falls apart', async () => {
	pauses.length = 0;
	// A part ends after half a million characters.
	const content = `${'A'.repeat(499_999)}%2B${'A'.repeat(1_000_000)}`;
	const { base64 } = await read(`data:image/png;base64,${content}`);
	expect(base64.indexOf('+')).toBe(499_999);
	expect(base64).toHaveLength(1_500_000);
	expect(pauses).toEqual([0, 0, 0]);
});

it('of bytes that are no text keeps each of them', async () => {
	const { base64 } = await read(`data:image/png,${'%89PNG%0D%0a'.repeat(100_000)}%4`);
	expect(Buffer.from(base64, 'base64').toString('latin1')).toBe(`${'\x89PNG\r\n'.repeat(100_000)}%4`);
});
