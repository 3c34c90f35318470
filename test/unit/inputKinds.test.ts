import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileKind, inputKinds } from '../../nodes/AtlasCloud/api/files/kinds';
import { describeAccepted, kindByUrl, type MediaRule } from '../../nodes/AtlasCloud/api/models/mediaFields';

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
		expect(mimeTypes(Buffer.from('RIFF....AVI '), 'video/x-msvideo')).toEqual([]);
	});
});

it.each<[Partial<MediaRule>, string | null]>([
	[{ accept: ['image/jpeg', 'image/png', '.webp'] }, 'JPEG, PNG, WEBP'],
	[{ accept: ['audio/*'] }, 'any audio file'],
	[{ kind: 'video' }, 'any video file'],
	[{}, null],
])('a field with %j says that it takes %s', (rule, expected) => {
	expect(describeAccepted({ kind: null, accept: [], ...rule } as MediaRule)).toBe(expected);
});

it.each([
	['https://a.example.com/b.MP4?x=.png', 'video'],
	['https://a.example.com/b.jpeg#c', 'image'],
	['https://a.example.com/b', null],
])('%s leads to: %s', (url, kind) => expect(kindByUrl(url)).toBe(kind));
