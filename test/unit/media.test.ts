import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
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

describe.each(FILES)('%s', (name, kind) => {
	it(`is ${kind.mimeType}`, () => {
		expect(fileKind(bytesOf(name))).toBe(kind);
		expect(fileKind(bytesOf(name).subarray(0, 64))).toBe(kind);
		expect(kind.isInput).toBe(false);
	});
});

it('3D models and archives are known', () => {
	expect(fileKind(MODEL)).toBe(GLB);
	expect(fileKind(ARCHIVE)).toBe(ZIP);
});

it('a Matroska file is not called WebM', () => {
	const bytes = Buffer.from(bytesOf('clip.webm'));
	bytes.write('mkv ', bytes.indexOf('webm'), 'latin1');
	expect(fileKind(bytes)).toBe(MATROSKA);
});

it('an MP3 without a tag is known by its first frame', () => {
	expect(fileKind(Buffer.concat([Buffer.from('fffb9000', 'hex'), Buffer.alloc(413)]))).toBe(MP3);
	expect(fileKind(Buffer.concat([Buffer.from('fffbf000', 'hex'), Buffer.alloc(413)]))).toBeNull();
});
