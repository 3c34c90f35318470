import type { Property, SizeFields } from './model';
import { choice } from './properties';

/** The shapes in which schemas let a client choose the size of an image (docs/atlas-cloud-api.md, Sizes of the Seedream models). */

/** Any `W*H` with both sides in this range, which the schema tells. */
export function sideRange(min: number, max: number, preset: string): SizeFields {
	const description = `Width*height of the picture, ${min} to ${max} a side.`;
	return {
		properties: {
			size: { type: 'string', title: 'Size', description, default: preset, minimum: min, maximum: max },
		},
		limits: { minSide: min, maxSide: max },
	};
}

/** A text whose schema says nothing of what is allowed. */
export function sizeText(preset: string, limits: SizeFields['limits']): SizeFields {
	const description = 'Width*height of the picture.';
	return { properties: { size: { type: 'string', title: 'Size', description, default: preset } }, limits };
}

export function sizeList(sizes: readonly string[], preset: string): Property {
	return { ...choice('Size', sizes, preset), description: 'Width*height of the picture.' };
}

export function tiers(values: readonly string[], preset: string): Property {
	return { ...choice('Size', values, preset), description: 'How large the picture is.' };
}

export function aspectRatios(values: readonly string[], preset: string): Property {
	return { ...choice('Aspect Ratio', values, preset), description: 'Width to height of the picture.' };
}

/** Sizes by name, and their pixels. */
export const PRESETS: Record<string, { width: number; height: number }> = {
	square_hd: { width: 2048, height: 2048 },
	square: { width: 1024, height: 1024 },
	portrait_4_3: { width: 1728, height: 2304 },
	portrait_16_9: { width: 1600, height: 2848 },
	landscape_4_3: { width: 2304, height: 1728 },
	landscape_16_9: { width: 2848, height: 1600 },
};

const SIDE: Property = { type: 'integer', minimum: 1024, maximum: 4096 };

/** One of the presets, or an object with both sides. */
export function presets(preset: string): Property {
	return {
		title: 'Image Size',
		default: preset,
		anyOf: [
			{ type: 'object', properties: { width: SIDE, height: SIDE }, required: ['width', 'height'] },
			{ type: 'string', enum: [...Object.keys(PRESETS), 'auto_2K', 'auto_4K'] },
		],
	};
}
