import type { Price } from './models/model';
import type { Submit } from './submitRules';

export interface Quote {
	/** What the account pays. */
	priceUsd: number;
	/** Before the discount. */
	listPriceUsd: number;
	isEstimate: boolean;
	/** Of models billed by tokens, which a client sees as a price per second. */
	estimatedTokens: number;
}

/** The length that is billed where the model decides it, in seconds. */
const ASSUMED_SECONDS = 5;
const TOKENS_PER_SECOND = 21_600;

/** The percentage that is paid, as Atlas Cloud's `discount` says it. */
export function discountPercentOf({ usd, listUsd = usd }: Price): number {
	return Math.round((usd / listUsd) * 100);
}

/** The field whose media length is billed, or null. */
export function billedInputOf({ model, kind }: Submit): 'audio' | 'audio_url' | null {
	if (kind !== 'media') return null;
	if (model.makes === 'lipsync') return 'audio';
	return model.makes === 'transcript' ? 'audio_url' : null;
}

/**
 * The price of a submit: the same for the quote and for the prediction.
 *
 * @param inputSeconds the length of the billed input; null where the submit has none, or it cannot be read
 */
export function quoteOf(submit: Submit, inputSeconds: number | null, accountMarkup: number): Quote {
	const { usd, listUsd = usd, perInputImageUsd = 0 } = unitPriceOf(submit);
	const isUnknown = billedInputOf(submit) !== null && inputSeconds === null;
	const inputsUsd = submit.kind === 'seedream' ? perInputImageUsd * submit.images.length : 0;
	const units = billedUnits(submit, inputSeconds ?? ASSUMED_SECONDS);
	const isByTokens = submit.kind === 'media' && 'ratio' in submit.fields;
	return {
		priceUsd: roundUsd((usd * units + inputsUsd) * accountMarkup),
		listPriceUsd: roundUsd(listUsd * units + inputsUsd),
		isEstimate: isUnknown || isByTokens,
		estimatedTokens: isByTokens ? Math.round(units * TOKENS_PER_SECOND) : 0,
	};
}

/** A large image costs more, where the model says so. */
function unitPriceOf(submit: Submit): Price {
	const { price } = submit.model;
	const { large } = price;
	if (!large || submit.kind === 'media' || submit.width * submit.height <= large.abovePixels) return price;
	return { ...price, usd: large.usd, listUsd: large.usd };
}

function billedUnits(submit: Submit, inputSeconds: number): number {
	if (submit.kind === 'seedream') return submit.outputCount;
	const { model, fields } = submit;
	switch (model.price.unit) {
		case 'second':
			return model.makes === 'lipsync' ? inputSeconds : durationOf(fields);
		case 'minute':
			return inputSeconds / 60;
		case '1k_chars':
			return String(fields['text']).length / 1000;
		case 'generation':
		case 'image':
			return 1;
	}
}

/** Of a video, in seconds. */
export function durationOf(fields: Record<string, unknown>): number {
	const duration = Number(fields['duration']);
	return duration > 0 ? duration : ASSUMED_SECONDS;
}

function roundUsd(usd: number): number {
	return Math.round(usd * 1e6) / 1e6;
}
