import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { FileEnd } from '../../nodes/AtlasCloud/api/files/fileEnd';
import {
	AVIF,
	FLAC,
	GLB,
	M4A,
	MATROSKA,
	MOV,
	MP3,
	MP4,
	OGG,
	WAV,
	WEBM,
	ZIP,
	fileKind,
	type FileKind,
} from '../../nodes/AtlasCloud/api/files/kinds';

const FIXTURES = join(__dirname, '..', 'fixtures', 'media');

const FILES: Array<[string, FileKind]> = [
	['clip.mp4', MP4],
	['fragmented.mp4', MP4],
	['clip.mov', MOV],
	['clip.webm', WEBM],
	['sound.wav', WAV],
	['sound.mp3', MP3],
	['sound.ogg', OGG],
	['sound.flac', FLAC],
	['sound.m4a', M4A],
];

/** A GLB of one empty chunk. */
const MODEL = Buffer.from('676c5446020000001c000000080000004a534f4e7b7d202020202020', 'hex').fill(0x20, 22);

/** The smallest ZIP, with a comment at its end. */
const ARCHIVE = Buffer.concat([
	Buffer.from('504b0304504b0506', 'hex'),
	Buffer.alloc(16),
	Buffer.from([5, 0]),
	Buffer.from('hello'),
]);

function bytesOf(name: string): Buffer {
	return readFileSync(join(FIXTURES, name));
}

function isWhole(kind: FileKind, bytes: Buffer, pieceSize = Infinity): boolean {
	const end = new FileEnd(kind);
	for (let at = 0; at < bytes.length; at += pieceSize) end.add(bytes.subarray(at, at + pieceSize));
	return end.isReached();
}

describe.each(FILES)('%s', (name, kind) => {
	it(`is ${kind.mimeType}`, () => {
		expect(fileKind(bytesOf(name))).toBe(kind);
		expect(fileKind(bytesOf(name).subarray(0, 64))).toBe(kind);
		expect(kind.isInput).toBe(false);
	});

	it('is whole, in pieces of any size', () => {
		for (const pieceSize of [1, 7, 4_096, 1_000_000])
			expect(isWhole(kind, bytesOf(name), pieceSize)).toBe(true);
		expect(isWhole(kind, Buffer.alloc(0))).toBe(false);
	});
});

it.each(['clip.mp4', 'fragmented.mp4', 'clip.mov', 'clip.webm', 'sound.wav', 'sound.ogg', 'sound.m4a'])(
	'%s is not whole if its end is missing',
	(name) => {
		const bytes = bytesOf(name);
		const kind = fileKind(bytes)!;
		for (const missing of [1, 10, Math.floor(bytes.length / 2)])
			expect([missing, isWhole(kind, bytes.subarray(0, -missing), 100)]).toEqual([missing, false]);
	},
);

it('a movie is not whole if its frames are missing after its description', () => {
	const box = (type: string, size: number) => {
		const bytes = Buffer.alloc(size);
		bytes.writeUInt32BE(size);
		bytes.write(type, 4, 'latin1');
		return bytes;
	};
	const start = [box('ftyp', 24), box('moov', 500)];
	expect(isWhole(MP4, Buffer.concat(start))).toBe(false);
	expect(isWhole(MP4, Buffer.concat([...start, box('mdat', 900)]))).toBe(true);
	expect(isWhole(MP4, Buffer.concat([...start, box('mdat', 900)]).subarray(0, -1))).toBe(false);
});

it('a movie may be larger than 4 GB', () => {
	const head = Buffer.concat([Buffer.from('000000086d6f6f760000000166726565', 'hex'), Buffer.alloc(8)]);
	const end = new FileEnd(MP4);
	const large = Buffer.from('000000016d64617400000001000000ff', 'hex');
	end.add(Buffer.concat([head.subarray(0, 8), large]));
	expect(end.isReached()).toBe(false);
});

it('an AVIF is not whole if its end is missing', async () => {
	const bytes = await sharp({ create: { width: 64, height: 48, channels: 3, background: '#a03' } })
		.avif({ effort: 0 })
		.toBuffer();
	expect(fileKind(bytes)).toBe(AVIF);
	for (const size of [1, 50, Infinity]) expect(isWhole(AVIF, bytes, size)).toBe(true);
	for (const missing of [1, 10, bytes.length >> 1])
		expect(isWhole(AVIF, bytes.subarray(0, -missing))).toBe(false);
});

it('3D models and archives are known, whole and cut off', () => {
	expect(fileKind(MODEL)).toBe(GLB);
	expect(isWhole(GLB, MODEL, 5)).toBe(true);
	expect(isWhole(GLB, MODEL.subarray(0, -1), 5)).toBe(false);
	expect(fileKind(ARCHIVE)).toBe(ZIP);
	expect(isWhole(ZIP, ARCHIVE, 5)).toBe(true);
	for (const missing of [1, 6, 24]) expect(isWhole(ZIP, ARCHIVE.subarray(0, -missing), 5)).toBe(false);
});

it.each([0x7fff_ffff, 0xffff_ffff, 0xffff_f000])(
	'a sound that was streamed with length %d is whole',
	(length) => {
		const bytes = Buffer.from(bytesOf('sound.wav'));
		bytes.writeUInt32LE(length, 4);
		expect(isWhole(WAV, bytes)).toBe(true);
	},
);

it('a WebM that was streamed without a length is whole', () => {
	const bytes = Buffer.from(bytesOf('clip.webm'));
	const segmentAt = bytes.indexOf(Buffer.from('18538067', 'hex'));
	bytes.fill(0xff, segmentAt + 5, segmentAt + 12);
	expect(isWhole(WEBM, bytes)).toBe(true);
	expect(isWhole(WEBM, bytes.subarray(0, 20))).toBe(true);
});

it('a Matroska file is not called WebM', () => {
	const bytes = Buffer.from(bytesOf('clip.webm'));
	bytes.write('mkv ', bytes.indexOf('webm'), 'latin1');
	expect(fileKind(bytes)).toBe(MATROSKA);
});

it('a broken size makes no box go back', () => {
	const bytes = Buffer.from(bytesOf('clip.mp4'));
	bytes.writeUInt32BE(3, 0);
	expect(isWhole(MP4, bytes)).toBe(false);
});

describe('MP3 without a tag', () => {
	/** Two frames of 128 kbit/s at 44.1 kHz. */
	const frame = Buffer.concat([Buffer.from('fffb9000', 'hex'), Buffer.alloc(413)]);

	it('is known by two frames, one after the other', () => {
		expect(fileKind(Buffer.concat([frame, frame]))?.extension).toBe('mp3');
	});

	it('is not seen in noise that begins like a frame', () => {
		const noise = Buffer.alloc(4_096, 0x55);
		frame.copy(noise, 0, 0, 4);
		expect(fileKind(noise)).toBeNull();
		expect(fileKind(frame)).toBeNull();
	});
});
