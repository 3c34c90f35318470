import type { Sharp } from 'sharp';
import type { Instructions } from './instructions';
import { openPixels, pixelsOf, type Pixels } from './pixels';

const LUMA: [number, number, number] = [0.299, 0.587, 0.114];

/** Applies the filters that were asked for, in this order. */
export async function applyFilters(base: Pixels, wish: Instructions): Promise<Pixels> {
	let picture = openPixels(base);
	let changed = false;
	const change = (next: Sharp): void => {
		picture = next;
		changed = true;
	};
	const settle = async (): Promise<void> => {
		if (changed) picture = openPixels(await pixelsOf(picture));
		changed = false;
	};
	// sharp keeps its own order within one pipeline; one step at a time keeps ours.
	if (wish.blur) change(picture.blur(Math.max(4, base.width / 120)));
	await settle();
	if (wish.sharpen) change(picture.sharpen({ sigma: 2, m1: 2, m2: 4 }));
	await settle();
	if (wish.cartoon) picture = openPixels(await cartoon(await pixelsOf(picture)));
	if (wish.brighter) change(picture.linear(1.2, 22));
	if (wish.darker) change(picture.linear(0.62, 0));
	await settle();
	if (wish.warmer) change(picture.linear([1.14, 1.02, 0.8], [8, 2, 0]));
	await settle();
	if (wish.cooler) change(picture.linear([0.82, 0.98, 1.14], [0, 2, 8]));
	await settle();
	if (wish.vivid) change(picture.modulate({ saturation: 1.6 }));
	await settle();
	if (wish.sepia) {
		change(
			picture.recomb([
				[0.393, 0.769, 0.189],
				[0.349, 0.686, 0.168],
				[0.272, 0.534, 0.131],
			]),
		);
	}
	await settle();
	// Not grayscale(): its one channel would not go on as three.
	if (wish.grayscale) change(picture.recomb([LUMA, LUMA, LUMA]));
	await settle();
	if (wish.invert) change(picture.negate({ alpha: false }));
	await settle();
	return await pixelsOf(picture);
}

/** Few flat colors with dark outlines. Both are found in a smaller picture: faster, and calmer. */
async function cartoon(base: Pixels): Promise<Pixels> {
	const { width, height } = base;
	const small = await pixelsOf(
		openPixels(base).resize(1000, 1000, { fit: 'inside', withoutEnlargement: true }),
	);
	const calm = await pixelsOf(openPixels(small).median(5).modulate({ saturation: 1.3 }));
	const flat = await pixelsOf(openPixels(calm).resize(width, height, { fit: 'fill' }));
	await posterise(flat.data);
	// Where two blurs of different strength differ, there is an outline.
	const fine = await pixelsOf(openPixels(small).blur(1.2));
	const coarse = await pixelsOf(openPixels(fine).blur(3));
	const raw = { width: small.width, height: small.height, channels: 3 as const };
	const difference = await pixelsOf(
		openPixels(fine).composite([{ input: coarse.data, raw, blend: 'difference' }]),
	);
	const all: [number, number, number] = [1, 1, 1];
	const outline = await pixelsOf(
		openPixels(await pixelsOf(openPixels(difference).recomb([all, all, all])))
			.linear(-6, 340)
			.resize(width, height, { fit: 'fill', kernel: 'cubic' }),
	);
	return await pixelsOf(
		openPixels(flat).composite([
			{ input: outline.data, raw: { width, height, channels: 3 }, blend: 'multiply' },
		]),
	);
}

/** Six levels a channel, in slices so that the event loop goes on. */
async function posterise(data: Buffer): Promise<void> {
	const levels = Uint8Array.from({ length: 256 }, (_, value) => Math.round(value / 51) * 51);
	for (let start = 0; start < data.length; start += 2_000_000) {
		const end = Math.min(data.length, start + 2_000_000);
		for (let at = start; at < end; at += 1) data[at] = levels[data[at] ?? 0] ?? 0;
		await new Promise((resolve) => setImmediate(resolve));
	}
}
