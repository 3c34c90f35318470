import { isOneDataUri, readDataUri } from '../../nodes/AtlasCloud/api/files/dataUri';

const pauses: number[] = [];
const clock = { sleepMs: async (ms: number) => void (await Promise.resolve(pauses.push(ms))) };
const read = async (uri: string) => {
	const { open, ...facts } = readDataUri('Images', uri, clock);
	const parts: Uint8Array[] = [];
	for await (const part of open()) parts.push(part);
	return { ...facts, parts, bytes: Buffer.concat(parts) };
};

/** Its base64 has a plus sign, a slash, and one padding character. */
const bytes = Buffer.from('fbefbeff00fb', 'hex').subarray(0, 5);
const base64 = bytes.toString('base64');
const wrapped = `${base64.slice(0, 4)}\r\n\t${base64.slice(4)}\n`;

it.each<[what: string, uri: string, mimeType: string]>([
	['plain', `data:image/png;base64,${base64}`, 'image/png'],
	['in capitals', `DATA:image/png;BASE64,${base64}`, 'image/png'],
	['with line breaks', `data:image/png;base64,${wrapped}`, 'image/png'],
	['with blanks between', `data:image/png;base64, ${base64.slice(0, 4)} ${base64.slice(4)}`, 'image/png'],
	['with a blank before it', `data:image/png;base64, ${base64}`, 'image/png'],
	['with a character set', `data:image/png;charset=utf-8;base64,${base64}`, 'image/png'],
	['of any image type', `data:image/*;base64,${base64}`, 'image/*'],
	['without a type', `data:;base64,${base64}`, ''],
	['with blanks for plus signs', `data:image/png;base64,${base64.replaceAll('+', ' ')}`, 'image/png'],
	['percent-encoded', `data:image/png;base64,${encodeURIComponent(base64)}`, 'image/png'],
	['with both', `data:image/png;base64,${encodeURIComponent(base64.replaceAll('+', ' '))}`, 'image/png'],
	['without padding', `data:image/png;base64,${base64.replace('=', '')}`, 'image/png'],
	['with surplus padding', `data:image/png;base64,${base64}==`, 'image/png'],
	['in the alphabet of URLs', `data:image/png;base64,${bytes.toString('base64url')}`, 'image/png'],
])('is read %s', async (_what, uri, mimeType) => {
	expect(base64).toMatch(/\+.*\/.*=$/);
	const found = await read(uri);
	expect(found.bytes).toEqual(bytes);
	expect(found).toMatchObject({ mimeType, fileName: null });
});

it('may have a name, and may be text', async () => {
	expect((await read(`data:image/png;name=my%20photo.png;base64,${base64}`)).fileName).toBe('my photo.png');
	const svg = await read("data:image/svg+xml;utf8,<svg a='1,2'>%3C/svg%3E");
	expect(svg.bytes.toString()).toBe("<svg a='1,2'></svg>");
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

describe('of many megabytes', () => {
	const large = Buffer.alloc(3_000_000, bytes);
	const text = large.toString('base64');

	it.each([
		['plain', `data:image/png;base64,${text}`, 7],
		['percent-encoded', `data:image/png;base64,${encodeURIComponent(text)}`, 9],
		['with blanks for plus signs', `data:image/png;base64,${text.replaceAll('+', ' ')}`, 14],
		['as text', `data:image/png,${large.toString('hex')}`, 11],
	])('lets others work in between: %s', async (_what, uri, minPauses) => {
		pauses.length = 0;
		const { parts, bytes: whole } = await read(uri);
		expect(whole.equals(uri.includes('base64') ? large : Buffer.from(large.toString('hex')))).toBe(true);
		expect(pauses.length).toBeGreaterThanOrEqual(minPauses);
		expect(Math.max(...parts.map(({ byteLength }) => byteLength))).toBeLessThanOrEqual(500_000);
	});

	it('is one file, and no name behind it is overlooked', async () => {
		pauses.length = 0;
		const uri = `data:image/png;base64,${'A'.repeat(499_990)}`;
		expect(await isOneDataUri(`${uri}\nAAAA${'A'.repeat(500_000)}`, ['photo'], clock)).toBe(true);
		expect(await isOneDataUri(`${uri}AAA\nphoto`, ['photo'], clock)).toBe(false);
		expect(await isOneDataUri(`data:text/plain,${'%41'.repeat(500_000)}`, ['photo'], clock)).toBe(true);
		expect(await isOneDataUri('data:text/plain,A\nphotos', [], clock)).toBe(false);
		expect(pauses.length).toBeGreaterThanOrEqual(4);
	});

	it('is refused if its padding stands at the end of a part', async () => {
		const uri = `data:image/png;base64,${'A'.repeat(499_999)}=${'A'.repeat(8)}`;
		await expect(read(uri)).rejects.toThrow('"A" isn’t base64');
	});

	it('keeps a code that would fall apart', async () => {
		// A part ends after half a million characters.
		const { bytes: whole } = await read(
			`data:image/png;base64,${'A'.repeat(499_999)}%2B${'A'.repeat(1_000_000)}`,
		);
		expect(whole.toString('base64').indexOf('+')).toBe(499_999);
		expect(whole).toHaveLength(1_125_000);
	});
});

it('of bytes that are no text keeps each of them', async () => {
	const found = await read(`data:image/png,${'%89PNG%0D%0a'.repeat(100_000)}%4`);
	expect(found.bytes.toString('latin1')).toBe(`${'\x89PNG\r\n'.repeat(100_000)}%4`);
});
