import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MediaEnd } from '../../nodes/AtlasCloud/api/files/mediaEnd';
import { mediaFormat, type MediaFormat } from '../../nodes/AtlasCloud/api/files/mediaKind';

const FIXTURES = join(__dirname, '..', 'fixtures', 'media');

const FILES: Array<[string, MediaFormat]> = [
	['clip.mp4', 'mp4'],
	['fragmented.mp4', 'mp4'],
	['clip.mov', 'mov'],
	['clip.webm', 'webm'],
	['sound.wav', 'wav'],
	['sound.mp3', 'mp3'],
	['sound.ogg', 'ogg'],
	['sound.flac', 'flac'],
	['sound.m4a', 'm4a'],
];

/** A GLB of one empty chunk, and the smallest ZIP. */
const GLB = Buffer.from('676c5446020000001c000000080000004a534f4e7b7d202020202020', 'hex').fill(0x20, 22);
const ZIP = Buffer.concat([Buffer.from('504b0304', 'hex'), Buffer.from('504b0506', 'hex'), Buffer.alloc(18)]);

function bytesOf(name: string): Buffer {
	return readFileSync(join(FIXTURES, name));
}

function endOf(format: MediaFormat, bytes: Buffer, pieceSize: number): MediaEnd {
	const end = new MediaEnd(format);
	for (let at = 0; at < bytes.length; at += pieceSize) end.add(bytes.subarray(at, at + pieceSize));
	return end;
}

describe.each(FILES)('%s', (name, format) => {
	it(`is ${format}`, () => {
		expect(mediaFormat(bytesOf(name))).toBe(format);
	});

	it('is whole, in pieces of any size', () => {
		for (const pieceSize of [1, 7, 4_096, 1_000_000]) {
			expect(endOf(format, bytesOf(name), pieceSize).isReached()).toBe(true);
		}
	});
});

it.each(['clip.mp4', 'fragmented.mp4', 'clip.mov', 'sound.wav', 'sound.ogg', 'sound.m4a'])(
	'%s is not whole where its end is missing',
	(name) => {
		const bytes = bytesOf(name);
		const format = mediaFormat(bytes)!;
		for (const missing of [1, 10, Math.floor(bytes.length / 2)]) {
			expect(endOf(format, bytes.subarray(0, -missing), 100).isReached()).toBe(false);
		}
	},
);

it('knows 3D models and archives, whole and cut off', () => {
	expect(mediaFormat(GLB)).toBe('glb');
	expect(endOf('glb', GLB, 5).isReached()).toBe(true);
	expect(endOf('glb', GLB.subarray(0, -1), 5).isReached()).toBe(false);
	expect(mediaFormat(ZIP)).toBe('zip');
	expect(endOf('zip', ZIP, 5).isReached()).toBe(true);
	expect(endOf('zip', ZIP.subarray(0, 6), 5).isReached()).toBe(false);
});

it('takes no text, image or noise for media', () => {
	for (const text of ['<html>', '{"a": 1}', '\x89PNG\r\n', '\xff\xd8\xff\xe0', '', '\xff\xff\xff\xff']) {
		expect(mediaFormat(Buffer.from(text, 'latin1'))).toBeNull();
	}
});
