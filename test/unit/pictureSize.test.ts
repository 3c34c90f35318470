import { pictureSize } from '../../nodes/AtlasCloud/api/files/pictureSize';

const GIF = Buffer.concat([
	Buffer.from('GIF89a'),
	Buffer.from([0x40, 0x01, 0xf0, 0x00]),
	Buffer.alloc(64, 1),
]);

it('reads what the file holds', () => {
	expect(pictureSize(GIF)).toEqual({ width: 320, height: 240 });
});

it('reads no size out of what Seedream does not take, however long that would take', () => {
	const startMs = performance.now();
	expect(pictureSize(Buffer.from('<svg width="5" height="5"></svg>'))).toBeNull();
	expect(pictureSize(Buffer.from('<svg '.repeat(13_000)))).toBeNull();
	expect(performance.now() - startMs).toBeLessThan(500);
});

it('reads nothing of what lies behind the file in memory', () => {
	// A small Buffer is a window into a shared one; other files’ bytes come after it.
	expect(pictureSize(GIF.subarray(0, 6))).toBeNull();
	expect(pictureSize(GIF.subarray(0, 8))).toBeNull();
});
