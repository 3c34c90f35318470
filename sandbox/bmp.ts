/** Just enough of BMP for sharp, which does not read it: uncompressed, 24 or 32 bits a pixel. */

export interface RawPicture {
	data: Buffer;
	width: number;
	height: number;
	channels: 3;
}

export function isBmp(bytes: Buffer): boolean {
	return bytes.length > 54 && bytes.toString('latin1', 0, 2) === 'BM';
}

export function decodeBmp(bytes: Buffer): RawPicture {
	const start = bytes.readUInt32LE(10);
	const width = bytes.readInt32LE(18);
	const signedHeight = bytes.readInt32LE(22);
	const height = Math.abs(signedHeight);
	const bits = bytes.readUInt16LE(28);
	const compression = bytes.readUInt32LE(30);
	if ((bits !== 24 && bits !== 32) || (compression !== 0 && compression !== 3)) {
		throw new Error(`a BMP of ${bits} bits, compression ${compression}, is not supported`);
	}
	const step = bits / 8;
	const rowBytes = Math.ceil((width * step) / 4) * 4;
	if (width <= 0 || height === 0 || bytes.length < start + rowBytes * height)
		throw new Error('the BMP is cut');
	const data = Buffer.alloc(width * height * 3);
	for (let y = 0; y < height; y += 1) {
		const row = start + rowBytes * (signedHeight > 0 ? height - 1 - y : y);
		for (let x = 0; x < width; x += 1) {
			const from = row + x * step;
			const to = (y * width + x) * 3;
			data[to] = bytes[from + 2] ?? 0;
			data[to + 1] = bytes[from + 1] ?? 0;
			data[to + 2] = bytes[from] ?? 0;
		}
	}
	return { data, width, height, channels: 3 };
}
