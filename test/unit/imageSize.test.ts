import { imageSize } from '../../nodes/AtlasCloud/api/files/imageSize';

const GIF = Buffer.concat([
	Buffer.from('GIF89a'),
	Buffer.from([0x40, 0x01, 0xf0, 0x00]),
	Buffer.alloc(64, 1),
]);

it('reads what the file holds', () => {
	expect(imageSize(GIF)).toEqual({ width: 320, height: 240 });
});

it('reads no size out of what Seedream does not take, however long that would take', () => {
	const startMs = performance.now();
	expect(imageSize(Buffer.from('<svg width="5" height="5"></svg>'))).toBeNull();
	expect(imageSize(Buffer.from('<svg '.repeat(13_000)))).toBeNull();
	expect(performance.now() - startMs).toBeLessThan(500);
});

it('reads nothing of what lies behind the file in memory', () => {
	// A small Buffer is a window into a shared one; other files’ bytes come after it.
	expect(imageSize(GIF.subarray(0, 6))).toBeNull();
	expect(imageSize(GIF.subarray(0, 8))).toBeNull();
});
