import { Refusal } from './answers';
import type { SeedreamModel } from './models/model';
import type { Fields } from './schemaRules';

/** What Seedream's fields ask for. */
export interface SeedreamRequest {
	kind: 'seedream';
	model: SeedreamModel;
	prompt: string;
	images: string[];
	width: number;
	height: number;
	format: 'png' | 'jpeg';
	outputCount: number;
}

/** Checks image counts, sizes and output formats (see docs/atlas-cloud-api.md, The Seedream models). */
export function seedreamRequest(fields: Fields, model: SeedreamModel): SeedreamRequest {
	const prompt = fields['prompt'];
	if (typeof prompt !== 'string' || prompt.trim() === '') throw new Refusal(400, 'prompt is required');
	const images = imagesOf(fields['images'], model);
	return {
		kind: 'seedream',
		model,
		prompt,
		images,
		...sizeOf(fields['size'], model),
		format: formatOf(fields['output_format'], model),
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

function sizeOf(value: unknown, model: SeedreamModel): { width: number; height: number } {
	const size = value ?? model.defaultSize;
	const rule = model.size;
	if (rule.kind === 'tiers' && rule.tiers.some((tier) => tier === size)) {
		const side = parseInt(String(size), 10) * 1024;
		return { width: side, height: side };
	}
	const match = typeof size === 'string' ? /^(\d{1,5})\*(\d{1,5})$/.exec(size) : null;
	if (!match) throw new Refusal(400, 'size must look like "2048*2048"');
	const [width, height] = [Number(match[1]), Number(match[2])];
	if (rule.kind === 'list' && !rule.sizes.includes(`${width}*${height}`)) {
		throw new Refusal(400, `size must be one of ${rule.sizes.join(', ')}`);
	}
	if (rule.kind !== 'list') {
		const fits = (side: number): boolean => side >= rule.min && side <= rule.max;
		if (!fits(width) || !fits(height)) {
			throw new Refusal(400, `size must be from ${rule.min} to ${rule.max} a side`);
		}
	}
	return { width, height };
}

/** Only where the model has it; others ignore the field, as they do every field they do not know. */
function formatOf(value: unknown, model: SeedreamModel): 'png' | 'jpeg' {
	if (!model.outputFormat || value === undefined) return 'png';
	if (value !== 'png' && value !== 'jpeg') throw new Refusal(400, 'output_format must be jpeg or png');
	return value;
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
