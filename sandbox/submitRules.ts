import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { Refusal } from './answers';
import { findModel, type Model } from './models';

/** A submit that passed every rule. */
export interface Submit {
	model: Model;
	prompt: string;
	images: string[];
	width: number;
	height: number;
	format: 'png' | 'jpeg';
	outputCount: number;
	base64: boolean;
	/** The page's `{model, input: {…}}` form [S]: answered without the envelope, as the page shows it. */
	nested: boolean;
	/** Of the generated files, 1…336 [D]. */
	fileExpirationHours: number;
	/** Of the task's record, 0…336 [D]. */
	recordRetentionHours: number;
}

const MAX_HOURS = 336;

/**
 * Checks a submit as Atlas Cloud documents it: 400 for what is malformed, 404 for a model this account cannot use [D],
 * image counts, sizes and output formats per model [C][S][V]. Nothing is created and nothing billed on a refusal.
 */
export function checkSubmit(text: string, headers: IncomingHttpHeaders, path: string): Submit {
	const body = parseObject(text);
	const { fields, nested } = inputFields(body);
	const model = modelOf(body['model'], path);
	const prompt = fields['prompt'];
	if (typeof prompt !== 'string' || prompt.trim() === '') throw new Refusal(400, 'prompt is required');
	const images = imagesOf(fields['images'], model);
	const outputCount = outputCountOf(fields, images.length, model);
	checkWebhookUrl(body['webhook_url'] ?? fields['webhook_url']);
	return {
		model,
		prompt,
		images,
		...sizeOf(fields['size'], model),
		format: formatOf(fields['output_format'], model),
		outputCount,
		base64: booleanOf(fields, 'enable_base64_output'),
		nested,
		fileExpirationHours: hoursOf(headers, 'X-AtlasCloud-Object-Expiration-Hours', 1),
		recordRetentionHours: hoursOf(headers, 'X-AtlasCloud-Request-Retention-Hours', 0),
	};
}

type Fields = Record<string, unknown>;

function isFields(value: unknown): value is Fields {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseObject(text: string): Fields {
	let body: unknown;
	try {
		body = JSON.parse(text);
	} catch {
		throw new Refusal(400, 'invalid request body: not JSON');
	}
	if (!isFields(body)) throw new Refusal(400, 'invalid request body: not an object');
	return body;
}

/** Flat [C], or `{model, input: {…}}` as one of the pages shows [S]. */
function inputFields(body: Fields): { fields: Fields; nested: boolean } {
	if (body['input'] === undefined) return { fields: body, nested: false };
	if (!isFields(body['input'])) throw new Refusal(400, 'input must be an object');
	return { fields: body['input'], nested: true };
}

function modelOf(id: unknown, path: string): Model {
	if (typeof id !== 'string' || id === '') throw new Refusal(400, 'model is required');
	const model = findModel(id);
	if (!model) throw new Refusal(404, `model not found: ${id}`);
	// One endpoint for each type of model [C].
	const kind = /generate(\w+)/.exec(path)?.[1] ?? '';
	if (model.type !== kind) throw new Refusal(400, `model ${id} cannot be used with generate${kind}`);
	if (kind !== 'Image') throw new Refusal(400, `model ${id}: the sandbox makes pictures only`);
	return model;
}

function imagesOf(value: unknown, model: Model): string[] {
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

function sizeOf(value: unknown, model: Model): { width: number; height: number } {
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
function formatOf(value: unknown, model: Model): 'png' | 'jpeg' {
	if (!model.outputFormat || value === undefined) return 'png';
	if (value !== 'png' && value !== 'jpeg') throw new Refusal(400, 'output_format must be jpeg or png');
	return value;
}

function outputCountOf(fields: Fields, inputs: number, { sequence }: Model): number {
	if (!sequence) return 1;
	const { field, most, maxTogether } = sequence;
	const value = fields[field] ?? 1;
	if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > most) {
		throw new Refusal(400, `${field} must be from 1 to ${most}`);
	}
	if (inputs + value > maxTogether) {
		throw new Refusal(400, `${field} and images must be at most ${maxTogether} together`);
	}
	return value;
}

function booleanOf(fields: Fields, name: string): boolean {
	const value = fields[name];
	if (value === undefined) return false;
	if (typeof value !== 'boolean') throw new Refusal(400, `${name} must be a boolean`);
	return value;
}

function hoursOf(headers: IncomingHttpHeaders, name: string, min: number): number {
	const value = headers[name.toLowerCase()];
	if (value === undefined) return MAX_HOURS;
	const hours = typeof value === 'string' && /^\d{1,4}$/.test(value) ? Number(value) : NaN;
	if (!(hours >= min && hours <= MAX_HOURS)) {
		throw new Refusal(400, `${name} must be from ${min} to ${MAX_HOURS}`);
	}
	return hours;
}

/** `https` only, public host only, at most 1,024 characters [D]. */
function checkWebhookUrl(value: unknown): void {
	if (value === undefined) return;
	if (typeof value !== 'string' || value.length > 1024) {
		throw new Refusal(400, 'webhook_url must be a URL of at most 1024 characters');
	}
	let url: URL;
	try {
		url = new URL(value);
	} catch {
		throw new Refusal(400, 'webhook_url is not a URL');
	}
	if (url.protocol !== 'https:') throw new Refusal(400, 'webhook_url must be https');
	if (!isPublicHost(url.hostname)) throw new Refusal(400, 'webhook_url must be on a public host');
}

function isPublicHost(hostname: string): boolean {
	const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
	if (isIP(host) === 4) {
		return !/^(0|10|127|169\.254|192\.168|172\.(1[6-9]|2\d|3[01])|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])|22[4-9]|2[3-5]\d)\./.test(
			host,
		);
	}
	if (isIP(host) === 6) return !/^(::|f[cd]|fe[89ab]|ff)/.test(host);
	return host.includes('.') && !/(^|\.)(localhost|local|internal|test|invalid|lan|home\.arpa)$/.test(host);
}
