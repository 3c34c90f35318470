import { outputKind, unwantedFile, type ServedAs } from '../../nodes/AtlasCloud/api/files/outputKind';

const UNKNOWN = Buffer.from('bytes of no kind that is known');

function kindServed(path: string, contentType?: string, bytes = UNKNOWN) {
	const servedAs: ServedAs = { contentType, url: `https://cdn.example.com/${path}` };
	const kind = outputKind(bytes, servedAs);
	return kind && [kind.extension, kind.mimeType];
}

it.each([
	['a.stl', 'model/stl', ['stl', 'model/stl']],
	['a.obj', 'text/plain; charset=utf-8', ['obj', 'application/octet-stream']],
	['a.FBX?x=a.html', undefined, ['fbx', 'application/octet-stream']],
	['a', 'audio/aac', ['aac', 'audio/aac']],
	['a.aac', 'Audio/AAC', ['aac', 'audio/aac']],
	['a', 'video/x-flv', ['flv', 'video/x-flv']],
	['a.srt', 'application/x-subrip', ['srt', 'application/x-subrip']],
])('bytes of no known kind at %s as %s are what the host says', (path, contentType, kind) => {
	expect(kindServed(path, contentType)).toEqual(kind);
});

it('text with times in brackets is no JSON', () => {
	expect(kindServed('a.lrc', 'text/plain', Buffer.from('[00:12.00] la la'))).toEqual([
		'lrc',
		'application/octet-stream',
	]);
});

it.each([
	['a.png', 'image/png'],
	['a.mp4', 'video/mp4'],
	['a', 'application/octet-stream'],
	['a', 'audio/mp3'],
	['a', undefined],
	['a.html', 'video/x-flv'],
	['a.stl', 'text/html'],
	['a', 'text/javascript'],
	['a', 'application/json'],
	['a', 'image/svg+xml'],
	['a.exe', 'application/octet-stream'],
	['a', 'nonsense'],
])('bytes of no known kind at %s as %s are no output', (path, contentType) => {
	expect(kindServed(path, contentType)).toBeNull();
});

it.each([
	'<html>',
	'<?xml version="1.0"?><Error/>',
	'{"code": 404}',
	' \n{}',
	'[{"error": "x"}]',
	'\ufeff{"a":1}',
	'<svg/>',
	'',
])('%j is no output, whatever it is served as', (text) => {
	expect(kindServed('a.stl', 'model/stl', Buffer.from(text))).toBeNull();
	expect(outputKind(Buffer.from(text))).toBeNull();
});

it.each(['json', 'geojson', 'gltf'])('JSON in place of a .%s file is the result', (extension) => {
	const url = `https://cdn.example.com/a.${extension}`;
	expect(unwantedFile(Buffer.from('{"asset":{}}'), url)).toBe('a JSON file');
});

it.each(['<Error/>', '<html>', 'not found'])('%j may be an error, even in place of JSON', (text) => {
	expect(unwantedFile(Buffer.from(text), 'https://cdn.example.com/a.json')).toBeNull();
});

it.each([
	['a.usdz', 'model/vnd.usdz+zip', ['usdz', 'model/vnd.usdz+zip']],
	['a', 'model/vnd.usdz+zip', ['usdz', 'model/vnd.usdz+zip']],
	['a.3mf', 'application/octet-stream', ['3mf', 'application/octet-stream']],
	['a.3mf', 'application/vnd.ms-package.3dmanufacturing-3dmodel+xml', ['3mf', 'application/octet-stream']],
	['a.usdz', 'application/zip', ['usdz', 'application/octet-stream']],
	['a', 'application/zip', ['zip', 'application/zip']],
	['a.zip', 'binary/octet-stream', ['zip', 'application/zip']],
	['a', undefined, ['zip', 'application/zip']],
	['a.png', 'image/png', ['zip', 'application/zip']],
	['a.jar', 'application/octet-stream', ['zip', 'application/zip']],
])('a ZIP at %s as %s may be of a kind of its own', (path, contentType, kind) => {
	expect(kindServed(path, contentType, Buffer.from('PK\x03\x04'))).toEqual(kind);
});

it.each([
	['ftypisom', ['mp4', 'video/mp4']],
	['fLaC', ['flac', 'audio/flac']],
])('%s is what its bytes say, whatever it is served as', (text, kind) => {
	const bytes = Buffer.from(text.startsWith('ftyp') ? `\0\0\0\x18${text}` : text, 'latin1');
	expect(kindServed('a.html', 'text/html', bytes)).toEqual(kind);
});
