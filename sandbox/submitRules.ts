import type { IncomingHttpHeaders } from 'node:http';
import { Refusal } from './answers';
import { checkWebhookUrl } from './hosts';
import { findModel } from './models';
import type { MediaModel, RunnableModel } from './models/model';
import { seedreamRequest, type SeedreamRequest } from './seedreamRules';
import { inputSchemaOf } from './schemas';
import { checkFields, isFields, type Fields } from './schemaRules';

interface MediaRequest {
	kind: 'media';
	model: MediaModel;
	/** The text that names the task in the ledger. */
	prompt: string;
	/** Those of its schema, with their defaults. */
	fields: Fields;
}

interface Delivery {
	base64: boolean;
	/** The form `{model, input: {…}}`: answered without the envelope (see docs/atlas-cloud-api.md, Submit). */
	nested: boolean;
	/** Of the generated files, 1 to 336. */
	fileExpirationHours: number;
	/** Of the task's record, 0 to 336. */
	recordRetentionHours: number;
	webhookUrl: string | null;
}

export type SeedreamSubmit = SeedreamRequest & Delivery;
export type MediaSubmit = MediaRequest & Delivery;

/** A submit that passed every rule. */
export type Submit = SeedreamSubmit | MediaSubmit;

export interface SubmitRules {
	refuseUnknownFields: boolean;
	allowLoopbackWebhooks: boolean;
}

const MAX_HOURS = 336;
/** Fields of every model, whatever its schema says. */
const COMMON_FIELDS = ['model', 'webhook_url', 'enable_base64_output', 'enable_sync_mode'];

/**
 * Checks the body of a submit or of a quote: 400 for what is malformed, 404 for a model this account cannot use. Nothing
 * is created and nothing billed on a refusal.
 *
 * @param path names the model type that the endpoint takes; a quote takes every type
 */
export function checkSubmit(
	text: string,
	headers: IncomingHttpHeaders,
	path: string,
	rules: SubmitRules,
): Submit {
	const body = parseObject(text);
	const { fields, nested } = inputFields(body);
	const model = modelOf(body['model'], path);
	const requested = model.kind === 'seedream' ? seedreamRequest(fields, model) : mediaRequest(fields, model);
	const isStrict = model.kind === 'seedream' && model.isStrict;
	if (rules.refuseUnknownFields || isStrict) refuseUnknownFields(fields, model);
	return {
		...requested,
		base64: booleanOf(fields, 'enable_base64_output'),
		nested,
		webhookUrl: checkWebhookUrl(body['webhook_url'] ?? fields['webhook_url'], rules.allowLoopbackWebhooks),
		fileExpirationHours: hoursOf(headers, 'X-AtlasCloud-Object-Expiration-Hours', 1),
		recordRetentionHours: hoursOf(headers, 'X-AtlasCloud-Request-Retention-Hours', 0),
	};
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

function inputFields(body: Fields): { fields: Fields; nested: boolean } {
	if (body['input'] === undefined) return { fields: body, nested: false };
	if (!isFields(body['input'])) throw new Refusal(400, 'input must be an object');
	return { fields: body['input'], nested: true };
}

function modelOf(id: unknown, path: string): RunnableModel {
	if (typeof id !== 'string' || id === '') throw new Refusal(400, 'model is required');
	const model = findModel(id);
	if (!model) throw new Refusal(404, `model not found: ${id}`);
	const kind = /generate(\w+)/.exec(path)?.[1];
	if (kind && model.type !== kind) throw new Refusal(400, `model ${id} cannot be used with generate${kind}`);
	if (model.kind === 'unavailable') {
		throw new Refusal(
			400,
			`model ${id}: of its made-up models, the sandbox runs those that make pictures only`,
		);
	}
	return model;
}

function refuseUnknownFields(fields: Fields, model: RunnableModel): void {
	const known = new Set([...COMMON_FIELDS, ...Object.keys(inputSchemaOf(model).properties)]);
	const unknown = Object.keys(fields).find((name) => !known.has(name));
	if (unknown !== undefined) throw new Refusal(400, `${unknown} is not a parameter of ${model.id}`);
}

function mediaRequest(given: Fields, model: MediaModel): MediaRequest {
	const fields = checkFields(given, model.input);
	const prompt = fields['prompt'] ?? fields['text'] ?? '';
	return { kind: 'media', model, prompt: String(prompt), fields };
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
