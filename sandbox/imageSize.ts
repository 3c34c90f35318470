import { Refusal } from './answers';
import type { SeedreamModel, SizeFields } from './models/model';
import { PRESETS } from './models/sizes';
import { checkFields, isFields, type Fields } from './schemaRules';

/** In pixels. */
export interface ImageSize {
	width: number;
	height: number;
	/** Whether only its area counts: the image keeps the shape of the first input. */
	followsInput: boolean;
}

/** The size that a request asks for, with the schema's defaults. */
export function imageSizeOf(fields: Fields, { size }: SeedreamModel): ImageSize {
	const values = Object.values(checkFields(fields, { properties: size.properties, required: [] }));
	const named = values.map(pixelsOf).find((pixels) => pixels !== null);
	if (named) return { ...within(named, size.limits), followsInput: false };
	const texts = values.map(String);
	const sides = texts.map(tierSide).find((side) => side !== null) ?? 2048;
	const ratio = texts.map(ratioOf).find((one) => one !== null) ?? 1;
	return {
		width: evenSide(sides * Math.sqrt(ratio)),
		height: evenSide(sides / Math.sqrt(ratio)),
		followsInput: texts.some((text) => /^auto/.test(text)),
	};
}

/** An image of the same area in the shape of another. */
export function inShapeOf(size: ImageSize, shape: { width: number; height: number } | undefined): ImageSize {
	if (!size.followsInput || !shape) return size;
	const side = Math.sqrt(size.width * size.height);
	const ratio = Math.sqrt(shape.width / shape.height);
	return { ...size, width: evenSide(side * ratio), height: evenSide(side / ratio) };
}

function evenSide(pixels: number): number {
	return Math.round(pixels / 2) * 2;
}

/** Of a `W*H`, a preset, or an object with both sides; null for anything else. */
function pixelsOf(value: unknown): { width: number; height: number } | null {
	if (isFields(value)) return { width: Number(value['width']), height: Number(value['height']) };
	const text = String(value);
	const match = /^(\d{1,5})\*(\d{1,5})$/.exec(text);
	if (match) return { width: Number(match[1]), height: Number(match[2]) };
	return PRESETS[text] ?? null;
}

function tierSide(text: string): number | null {
	const match = /(?:^|_)([\d.]+)k$/i.exec(text);
	return match ? Number(match[1]) * 1024 : null;
}

function ratioOf(text: string): number | null {
	const match = /^(\d+):(\d+)$/.exec(text);
	return match ? Number(match[1]) / Number(match[2]) : null;
}

function within(
	size: { width: number; height: number },
	{ minSide = 1, maxSide = Infinity, minPixels = 1, maxPixels = Infinity }: SizeFields['limits'] = {},
): { width: number; height: number } {
	const { width, height } = size;
	if (Math.min(width, height) < minSide || Math.max(width, height) > maxSide) {
		throw new Refusal(400, `size must be from ${minSide} to ${maxSide} a side`);
	}
	if (width * height < minPixels || width * height > maxPixels) {
		throw new Refusal(400, `size must have from ${minPixels} to ${maxPixels} pixels`);
	}
	return size;
}
