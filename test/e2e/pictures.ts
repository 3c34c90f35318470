/* Looks into pictures: what they show, not what they are called. */
import assert from 'node:assert/strict';
import sharp, { type Sharp } from 'sharp';

/** The sandbox writes the prompt into a strip at the bottom; above it is the edit alone. */
const ABOVE_THE_STRIP = 0.8;
const GRID = { width: 60, height: 40 };

export interface Picture {
	width: number;
	height: number;
	format: string;
	bytes: Buffer;
}

export async function openPicture(bytes: Buffer): Promise<Picture> {
	const { width, height, format } = await sharp(bytes).metadata();
	return { width: width!, height: height!, format: format!, bytes };
}

/** A picture that cannot be mistaken for its mirror image or for another one of another color. */
export async function paint(
	color: { r: number; g: number; b: number },
	width = 480,
	height = 480,
): Promise<Buffer> {
	const corner = { width: Math.round(width / 3), height: Math.round(height / 3), channels: 3 as const };
	return await sharp({ create: { width, height, channels: 3, background: color } })
		.composite([
			{ input: { create: { ...corner, background: { r: 250, g: 250, b: 250 } } }, left: 0, top: 0 },
		])
		.png()
		.toBuffer();
}

/** Mean color of a region, given in fractions of the picture. */
export async function meanColour(bytes: Buffer, left: number, top: number, right: number, bottom: number) {
	const { width, height } = await openPicture(bytes);
	const region = {
		left: Math.round(left * width),
		top: Math.round(top * height),
		width: Math.round((right - left) * width),
		height: Math.round((bottom - top) * height),
	};
	const { channels } = await sharp(await sharp(bytes).extract(region).removeAlpha().png().toBuffer()).stats();
	const [r, g, b] = channels.map(({ mean }) => mean);
	return { r, g, b };
}

/** Small, above the strip, in three channels: what is compared. */
async function essence(bytes: Buffer, change?: (picture: Sharp) => Sharp): Promise<Buffer> {
	const { width, height } = await openPicture(bytes);
	const above = await sharp(bytes)
		.extract({ left: 0, top: 0, width, height: Math.floor(height * ABOVE_THE_STRIP) })
		.toColorspace('srgb')
		.removeAlpha()
		.png()
		.toBuffer();
	const changed = change ? await change(sharp(above)).png().toBuffer() : above;
	return await sharp(changed)
		.resize(GRID.width, GRID.height, { fit: 'fill' })
		.toColorspace('srgb')
		.removeAlpha()
		.raw()
		.toBuffer();
}

export async function assertSize(bytes: Buffer, width: number, height: number): Promise<void> {
	const picture = await openPicture(bytes);
	assert.deepEqual([picture.width, picture.height], [width, height], 'width and height of the picture');
}

export async function assertBlackAndWhite(bytes: Buffer): Promise<void> {
	const pixels = await essence(bytes);
	let most = 0;
	for (let at = 0; at < pixels.length; at += 3) {
		const [r, g, b] = pixels.subarray(at, at + 3);
		most = Math.max(most, Math.abs(r - g), Math.abs(g - b), Math.abs(r - b));
	}
	assert.ok(most <= 4, `a black-and-white picture has equal channels; these differ by up to ${most}`);
}

/** That `actual` shows what `expected` shows once `change` was done to it, whatever their sizes. */
export async function assertShows(
	actual: Buffer,
	expected: Buffer,
	change?: (picture: Sharp) => Sharp,
): Promise<void> {
	const difference = await meanDifference(actual, expected, change);
	assert.ok(difference < 8, `pictures differ by ${difference.toFixed(1)} of 255 on average`);
}

export async function assertDiffers(actual: Buffer, other: Buffer): Promise<void> {
	const difference = await meanDifference(actual, other);
	assert.ok(difference > 15, `pictures differ by only ${difference.toFixed(1)} of 255 on average`);
}

async function meanDifference(
	first: Buffer,
	second: Buffer,
	change?: (picture: Sharp) => Sharp,
): Promise<number> {
	const [a, b] = await Promise.all([essence(first), essence(second, change)]);
	let sum = 0;
	for (let at = 0; at < a.length; at++) sum += Math.abs(a[at] - b[at]);
	return sum / a.length;
}
