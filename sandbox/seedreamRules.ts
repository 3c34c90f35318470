import { Refusal } from './answers';
import type { SeedreamModel } from './models/model';
import { imageSizeOf, type ImageSize } from './imageSize';
import type { Fields } from './schemaRules';

/** What Seedream's fields ask for. */
export interface SeedreamRequest extends ImageSize {
	kind: 'seedream';
	model: SeedreamModel;
	prompt: string;
	images: string[];
	format: 'png' | 'jpeg';
	isTransparent: boolean;
	outputCount: number;
}

/** Checks image counts, sizes and output formats (see docs/atlas-cloud-api.md, The Seedream models). */
export function seedreamRequest(fields: Fields, model: SeedreamModel): SeedreamRequest {
	const prompt = fields['prompt'];
	if (typeof prompt !== 'string' || prompt.trim() === '') throw new Refusal(400, 'prompt is required');
	const isOne = model.images?.isOne === true;
	const images = imagesOf(isOne && fields['image'] ? [fields['image']] : fields['images'], model);
	const format = formatOf(fields['output_format'], model);
	return {
		kind: 'seedream',
		model,
		prompt,
		images,
		...imageSizeOf(fields, model),
		format,
		isTransparent: isTransparent(fields['background'], format, model),
		outputCount: outputCountOf(fields, images.length, model),
	};
}

function imagesOf(value: unknown, model: SeedreamModel): string[] {
	if (!model.images) return [];
	const { min, max } = model.images;
	if (value === undefined) throw new Refusal(400, 'images is required');
	if (!Array.isArray(value)) throw new Refusal(400, 'images must be an array of URLs');
	if (value.length < min) throw new Refusal(400, `images must hold at least ${min}`);
	if (value.length > max) throw new Refusal(400, `images must hold at most ${max}, got ${value.length}`);
	return value.map((image: unknown) => {
		if (typeof image !== 'string' || image === '') throw new Refusal(400, 'images must hold URLs only');
		return image;
	});
}

/** Only where the model has it; others ignore the field, as they do every field they do not know. */
function formatOf(value: unknown, model: SeedreamModel): 'png' | 'jpeg' {
	if (!model.outputFormat || value === undefined) return 'png';
	if (value !== 'png' && value !== 'jpeg') throw new Refusal(400, 'output_format must be jpeg or png');
	return value;
}

const BACKGROUNDS = ['auto', 'transparent', 'opaque'];

function isTransparent(value: unknown, format: 'png' | 'jpeg', model: SeedreamModel): boolean {
	if (!model.background || value === undefined) return false;
	if (!BACKGROUNDS.some((one) => one === value)) {
		throw new Refusal(400, `background must be one of ${BACKGROUNDS.join(', ')}`);
	}
	if (value === 'transparent' && format === 'jpeg') {
		throw new Refusal(400, 'background transparent needs output_format png');
	}
	return value === 'transparent';
}

function outputCountOf(fields: Fields, inputs: number, { sequence }: SeedreamModel): number {
	if (!sequence) return 1;
	const { field, max, maxTogether } = sequence;
	const value = fields[field] ?? 1;
	if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > max) {
		throw new Refusal(400, `${field} must be from 1 to ${max}`);
	}
	if (inputs + value > maxTogether) {
		throw new Refusal(400, `${field} and images must be at most ${maxTogether} together`);
	}
	return value;
}
