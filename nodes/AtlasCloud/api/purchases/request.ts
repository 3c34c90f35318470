import type { InputFile } from '../files/uploads';
import { sha256 } from '../hash';
import { asNumber, asObject, asString, canonicalJson, type JsonObject } from '../json';
import { contentValue, placeOf, valueOf } from './body';

/** Where an input stands in the request body: `['image']`, `['images', 0]`, `['refers', 1, 'url']`. */
export type InputPath = readonly [field: string, ...keys: Array<string | number>];

/** An input of a prediction: a file of ours, or a URL or data URI that Atlas reads itself. */
export type PurchaseInput = { path: InputPath } & (
	{ file: InputFile; url?: undefined } | { file?: undefined; url: string }
);

/** A flat JSON body (see docs/atlas-cloud-api.md, Submit). */
export type RequestBody = JsonObject & { model: string };

/** One prediction that an item wants to buy: checked, and complete but for its uploads. */
export interface PurchaseRequest {
	itemIndex: number;
	/** Which of the item's purchases it is, from 0. Default: 0, its only one. */
	imageIndex?: number;
	model: string;
	/** Path of the billable request. */
	endpoint: string;
	/** As it is sent, without its inputs. */
	body: RequestBody;
	inputs: PurchaseInput[];
	headers: Record<string, string>;
	/** How long Atlas keeps the prediction and its files, in hours. */
	keepHours: number;
	/**
	 * Where Atlas calls when the prediction ends. Not part of `body`: it says whom to tell, not what to buy, so a retry
	 * with another address (n8n has moved, say) is the same purchase.
	 */
	webhookUrl?: string;
	/** From the first submit on, in ms: refusals are retried, and the prediction is waited for, until then. */
	timeoutMs: number;
	/** How long it has waited before its submit, in ms; places apart. */
	waitedMs?: number;
	/** Whether a prediction still in progress when its time is up is a fault. */
	failsOnTimeout: boolean;
	/** Whether to submit again if it stays unknown what came of the first submit: it may be billed twice. */
	mayResubmit: boolean;
	/** How old a prediction may be to be taken instead of a new purchase, in hours; 0 for none. */
	reuseHours: number;
	/** Why nothing may be submitted for it: only what is paid for already is returned. */
	refusal?: unknown;
	/** By the list price, in USD; null where it does not tell, undefined where nobody has asked. */
	estimateUsd?: number | null;
}

/** An input as a body holds it, wherever it was uploaded to. */
export interface IdentifiedInput {
	/** Where it stands in a body. */
	place: string;
	/** Of its URL, or of a data URI with its content. */
	value: string;
	/** Undefined where only the URL counts. */
	file?: FileContent;
}

/** What a file is known by. */
export type FileContent = Pick<InputFile['content'], 'sha256' | 'sizeBytes'>;

/** How a request is known again, wherever its files were uploaded to. */
export interface Identity {
	/** Equal for equal requests. */
	fingerprint: string;
	/** Without its inputs. */
	body: RequestBody;
	inputs: IdentifiedInput[];
}

/** Knows a request by the content of its files. */
export function identify({ body, inputs }: Pick<PurchaseRequest, 'body' | 'inputs'>): Identity {
	const contents = inputs.map(({ path, file, url }) => [path, file?.content.sha256 ?? url]);
	return {
		fingerprint: sha256(canonicalJson([body, contents])),
		body,
		inputs: inputs.map(({ path, file, url }) => ({
			place: placeOf(path),
			value: file ? contentValue(file.content.sha256, file.content.sizeBytes) : valueOf(url),
			file: file?.content,
		})),
	};
}

/** A copy of the body with each value at its path. Lists and objects on the way are made where they are missing. */
export function placeAt<Body extends JsonObject>(body: Body, entries: Array<[InputPath, unknown]>): Body {
	return entries.reduce<Body>((placed, [path, value]) => placeOne(placed, path, value) as Body, body);
}

function placeOne(holder: unknown, [key, ...rest]: ReadonlyArray<string | number>, value: unknown): unknown {
	if (key === undefined) return value;
	if (typeof key === 'number') {
		const list: unknown[] = Array.isArray(holder) ? [...(holder as unknown[])] : [];
		list[key] = placeOne(list[key], rest, value);
		return list;
	}
	const object = asObject(holder) ?? {};
	return { ...object, [key]: placeOne(Object.hasOwn(object, key) ? object[key] : undefined, rest, value) };
}

/** Fields that change how long a prediction takes, and have few values. */
const TIMING_FIELDS = ['max_images', 'num_images', 'n', 'duration', 'resolution'];

/**
 * A key that requests share if their predictions take about the same time: the same number of inputs, about as many
 * pixels, and so on. Coarse, because times are learned for each key separately.
 */
export function timingKey(body: JsonObject, inputCount: number): string {
	const [width, height] = (asString(body.size) ?? '').split('*').map(Number);
	const pixels = width * height > 0 ? Math.round(Math.log2(width * height)) : 0;
	const values = TIMING_FIELDS.map(
		(name) => asNumber(body[name]) ?? asString(body[name])?.slice(0, 16) ?? '',
	);
	return [inputCount, pixels, ...values].join(' ');
}
