import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import {
	BMP,
	describeKind,
	GIF,
	JPEG,
	fileKind,
	inputKinds,
	PNG,
	TIFF,
	WEBP,
	type FileKind,
} from '../../nodes/AtlasCloud/api/files/kinds';
import { acceptedKind, fileFieldOf } from '../../nodes/AtlasCloud/items/inputFiles';
import { bmpPicture, tiff } from '../engine/pictures';

const made: Record<string, [FileKind, () => Promise<Buffer>]> = {
	PNG: [PNG, async () => await raw().png().toBuffer()],
	JPEG: [JPEG, async () => await raw().jpeg().toBuffer()],
	WebP: [WEBP, async () => await raw().webp().toBuffer()],
	GIF: [GIF, async () => await raw().gif().toBuffer()],
	TIFF: [TIFF, async () => await raw().tiff().toBuffer()],
	BMP: [BMP, async () => await Promise.resolve(bmpPicture(40, 30))],
};

function raw() {
	return sharp({ create: { width: 40, height: 30, channels: 3, background: '#a03' } });
}

const ftyp = (brands: string) =>
	Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from(`ftyp${brands}`, 'latin1')]);

it.each(Object.entries(made))('knows a %s', async (_name, [kind, make]) => {
	const bytes = await make();
	expect(fileKind(bytes)).toBe(kind);
	expect(fileKind(new Uint8Array(bytes))).toBe(kind);
	expect(fileKind(bytes.subarray(0, 64))).toBe(kind);
	expect(kind.isInput).toBe(true);
});

it.each([
	['HEIC', ftyp('heic\0\0\0\0mif1heic')],
	['HEIC', ftyp('mif1\0\0\0\0mif1heic')],
	['HEIC', ftyp('hevc\0\0\0\0')],
	['AVIF', ftyp('avif\0\0\0\0mif1')],
	['AVIF', ftyp('mif1\0\0\0\0mif1avif')],
	['MP4', ftyp('isom\0\0\0\0')],
	['MOV', ftyp('qt  \0\0\0\0')],
	['PDF', Buffer.from('%PDF-1.7')],
	['Photoshop', Buffer.from('8BPS\0\x01')],
	['ICO', Buffer.from([0, 0, 1, 0, 1, 0])],
	['JPEG XL', Buffer.from([0xff, 0x0a, 1, 2])],
	['JPEG 2000', Buffer.from('\0\0\0\x0cjP  \r\n', 'latin1')],
	['SVG', Buffer.from('<svg width="1"/>')],
	['SVG', Buffer.from('\ufeff<?xml version="1.0"?>\n<!-- made by hand -->\n<svg/>')],
	['web page', Buffer.from('\n  <!DOCTYPE HTML><html>')],
	['web page', Buffer.from('<html lang="en">')],
	['web page', Buffer.from('<!-- x --><head>')],
	['ZIP or Office', Buffer.from('PK\x03\x04')],
	['WAV', Buffer.from('RIFF\0\0\0\0WAVE')],
	['AVI', Buffer.from('RIFF\0\0\0\0AVI LIST')],
	['GLB', Buffer.from('glTF\x02\0\0\0')],
	['MKV', Buffer.from('\x1aE\xdf\xa3\x9fB\x82\x88matroska', 'latin1')],
	['MP3', Buffer.from('\xff\xfb\x90\0', 'latin1')],
])('knows a %s, which is no input', (name, bytes) => {
	expect(fileKind(bytes)).toMatchObject({ name, isInput: false });
});

it.each([
	['nothing', Buffer.alloc(0)],
	['text', Buffer.from('BM is how this text begins')],
	['CSV', Buffer.from('a;b;c')],
	['JSON', Buffer.from('{"a":1}')],
	['XML', Buffer.from('<?xml version="1.0"?><rss/>')],
	['RIFF of something else', Buffer.from('RIFF\0\0\0\0abcd')],
	['bytes that are no MP3', Buffer.from([0xff, 0xff, 0xff, 0xff])],
	['an MP3 frame of no bit rate', Buffer.from([0xff, 0xfb, 0xf0, 0])],
	['UTF-16', Buffer.from([0xff, 0xfe, 0x61, 0])],
	['zeroes', Buffer.alloc(600)],
])('knows no picture in %s', (_what, bytes) => expect(fileKind(bytes)).toBeNull());

it.each([
	['SVG', '<?xml version="1.0"?><?xml-stylesheet href="a.css"?>\n<!DOCTYPE svg>'],
	['SVG', `${'<!-- a --> '.repeat(20)}<svg>`],
	['web page', '<?xml version="1.0"?><!-- x --><html xmlns="x">'],
])('finds a %s behind declarations and comments', (name, text) => {
	expect(fileKind(Buffer.from(text))?.name).toBe(name);
});

it.each([
	['comments', `${'<!---->'.repeat(70)}x`],
	['comments with blanks', `${'<!----> '.repeat(60)}x`],
	['comments that do not close', '<!--'.repeat(128)],
	['declarations', `${'<?xml?>'.repeat(70)}x`],
	['blanks', ' '.repeat(512)],
	// A pattern that tries every way to split them would never end.
])('gives up on %s', (_what, text) => {
	expect(fileKind(Buffer.from(text))).toBeNull();
});

it.each<[string, Buffer]>([
	['DNG', tiff([[0xc612, 1, 4, 0x401]])],
	[
		'NEF',
		tiff([
			[0xfe, 4, 1, 1],
			[0x10f, 2, 18, 'NIKON CORPORATION'],
			[0x14a, 4, 1, 300],
		]),
	],
	[
		'ARW',
		tiff([
			[0xfe, 4, 1, 1],
			[0x10f, 2, 5, 'SONY'],
		]),
	],
	['CR2', Buffer.from('II*\0\x10\0\0\0CR\x02\0', 'latin1')],
	['CR3', Buffer.from('\0\0\0\x18ftypcrx \0\0\0\x01crx isom', 'latin1')],
	['RAF', Buffer.from('FUJIFILMCCD-RAW 0201FF129502', 'latin1')],
	['ORF', Buffer.from('IIRO\x08\0\0\0\0\0', 'latin1')],
	['RW2', Buffer.from('IIU\0\x18\0\0\0', 'latin1')],
])('knows a camera’s %s, whatever it looks like', (name, bytes) => {
	expect(fileKind(Buffer.concat([bytes, Buffer.alloc(500)]))).toMatchObject({ name, isInput: false });
});

it('takes a scanner’s TIFF for none of them', () => {
	const bytes = tiff([
		[0x100, 4, 1, 40],
		[0x103, 3, 1, 1],
		[0x10f, 2, 6, 'EPSON'],
		[0x111, 4, 1, 8],
	]);
	expect(fileKind(bytes)).toBe(TIFF);
});

it.each([
	['RIFF\0\0\0\0AVI LIST', '', 'an AVI file'],
	['OggS', '', 'an Ogg file'],
	['fLaC', '', 'a FLAC file'],
	['\0\0\0\x18ftypqt  ', '', 'a MOV file'],
	['unknown', 'audio/aac', 'an AAC file'],
])('%j (%s) is called %s', (bytes, declared, described) => {
	const [kind] = inputKinds(fileKind(Buffer.from(bytes)), declared);
	expect(kind && describeKind(kind)).toBe(described);
});

const fixture = (name: string) => readFileSync(join(__dirname, '../fixtures/media', name)).subarray(0, 512);
const mimeTypes = (bytes: Buffer, declared = 'application/octet-stream') =>
	inputKinds(fileKind(bytes), declared).map(({ mimeType }) => mimeType);

describe('what a file may be sent as', () => {
	it.each([
		['clip.mp4', ['video/mp4', 'audio/mp4']],
		['fragmented.mp4', ['video/mp4', 'audio/mp4']],
		['clip.mov', ['video/quicktime']],
		['clip.webm', ['video/webm', 'audio/webm']],
		['sound.mp3', ['audio/mpeg']],
		['sound.wav', ['audio/wav']],
		['sound.ogg', ['audio/ogg', 'video/ogg']],
		['sound.flac', ['audio/flac']],
		['sound.m4a', ['audio/mp4']],
	])('%s by its bytes', (name, expected) => {
		expect(mimeTypes(fixture(name), 'image/png')).toEqual(expected);
	});

	it('is an image only by its bytes', () => {
		expect(mimeTypes(Buffer.from('no image at all'), 'image/png')).toEqual([]);
		expect(mimeTypes(Buffer.from([0xff, 0xd8, 0xff, 0xe0]), 'video/mp4')).toEqual(['image/jpeg']);
	});

	it('is what n8n says for a sound or video of a format that is not known here', () => {
		expect(inputKinds(null, 'audio/aac')).toMatchObject([{ mimeType: 'audio/aac', extension: 'aac' }]);
		const asf = Buffer.from('3026b2758e66cf11', 'hex');
		expect(inputKinds(fileKind(asf), 'video/x-ms-wmv')).toMatchObject([
			{ name: 'WMV', mimeType: 'video/x-ms-wmv', extension: 'wmv' },
		]);
		expect(mimeTypes(asf, 'video/vnd.unknown')).toEqual([]);
	});

	const asDeclared = (accept: string[], mimeType: string, fileExtension: string, bytes: string) => {
		const rule = { kind: null, isList: false, objectKey: null, kindKey: null, accept, maxSizeMb: null };
		const beginning = Buffer.from(bytes);
		const facts = { kind: fileKind(beginning), dimensions: null, beginning };
		return acceptedKind(fileFieldOf('Mesh', rule), 'The file', facts, { mimeType, fileExtension });
	};

	it.each([
		['.obj', 'model/obj'],
		['.FBX', 'text/plain'],
		['.srt', 'application/x-subrip'],
	])('is what n8n says in a field that lists %s, which has no signature', (dotted, mimeType) => {
		const extension = dotted.slice(1).toLowerCase();
		const accept = ['.glb', `.${extension}`];
		expect(asDeclared(accept, mimeType, dotted.slice(1), 'v 1 0 0')).toMatchObject({ extension, mimeType });
	});

	it.each([
		['in a field that does not list it', ['.glb', '.obj'], 'model/stl', 'stl', 'solid a'],
		['for a format that has a signature', ['.glb', '.obj'], 'model/gltf-binary', 'glb', 'v 1 0 0'],
		['for an image', ['image/*', '.obj'], 'image/jpeg', 'jpeg', 'v 1 0 0'],
		['against its bytes', ['.glb', '.obj'], 'model/obj', 'obj', '<html>'],
		['for an empty file', ['.glb', '.obj'], 'model/obj', 'obj', ''],
	])('is not what n8n says %s', (_why, accept, mimeType, extension, bytes) => {
		expect(() => asDeclared(accept, mimeType, extension, bytes)).toThrow(/^The file is /);
	});
});
