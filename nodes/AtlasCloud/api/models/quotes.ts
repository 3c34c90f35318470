import { AtlasError, CancelledError } from '../errors';
import type { AtlasClient } from '../http/client';
import { FINAL_STATUS_CODES } from '../http/retry';
import { asObject, asString, canonicalJson, type JsonObject } from '../json';
import type { ModelInfos } from './model';
import { asAmount, dollars, roundUsd } from './prices';
import { isFixedPrice } from './seedream';

/** What a request would cost, in USD. */
export interface Quote {
	/** What the account pays, with its markup and discount. */
	priceUsd: number;
	/** Before the discount; null if Atlas did not say. */
	listPriceUsd: number | null;
	/** The percentage that is taken off; null if Atlas did not say. */
	discountPercent: number | null;
	/** Whether the final price can differ. */
	isEstimate: boolean;
	/** Whether it is a list price in place of a quote, and may be less than what this size and these inputs cost. */
	isMinimum: boolean;
}

export interface QuoteRequest {
	/** As it would be submitted. */
	body: JsonObject & { model: string };
	/**
	 * Fields whose content does not change the price, such as the prompt and the URLs of images. Requests that differ in
	 * nothing else share a quote. Of a list, its length still counts. A field that is billed by its content (a text to
	 * speak, a video whose length is billed) must not be among them.
	 */
	unpricedFields: readonly string[];
}

/** In place of an image: a price depends on how many images go in, not on what they show. */
export const PLACEHOLDER_URL = 'https://example.com/image.png';

const QUOTE_PATH = '/api/v1/model/calculate';

/** A quote is worth a short wait only: there is the list price. */
const MAX_ATTEMPTS = 3;
const MAX_QUOTE_MS = 60_000;

/** A quote below this is compared with the list price, in USD. */
const MAX_DOUBTED_USD = 0.01;

/** No discount takes more than the rest. */
const MIN_SHARE_OF_LIST_PRICE = 0.01;

/** The quotes of one node run. They are free: nothing is created, and each distinct request is sent once. */
export class Quotes {
	private readonly quotes = new Map<string, Promise<Quote>>();

	/** Why quotes are not asked for any more: a thousand rows must not wait one after another for a service that is down. */
	private outage: AtlasError | null = null;

	/** Whether some could not be had, and may be later. A refusal is an answer: it stays. */
	isUnsure = false;

	constructor(
		private readonly client: AtlasClient,
		private readonly models: ModelInfos,
	) {}

	/**
	 * What a request would cost: as Atlas quotes it, else by its list price.
	 * @throws AtlasError (`read`) if neither is known, or if Atlas refuses the account itself; CancelledError
	 */
	async of(request: QuoteRequest): Promise<Quote> {
		const key = keyOf(request);
		const quote = this.quotes.get(key) ?? this.quoteOrEstimate(request.body);
		// A failure is kept, too.
		this.quotes.set(key, quote);
		return await quote;
	}

	private async quoteOrEstimate(body: QuoteRequest['body']): Promise<Quote> {
		const quote = await this.ask(body).catch((error: unknown) => error as Error);
		if (!(quote instanceof Error) && (await this.isCredible(quote, body))) return quote;
		const statusCode = quote instanceof AtlasError ? (quote.statusCode ?? Infinity) : 0;
		const isOutage = statusCode === 429 || statusCode >= 500;
		if (isOutage && quote instanceof AtlasError) this.outage = quote;
		this.isUnsure ||= isOutage || statusCode < 400;
		// The submit would be refused for the same reason: a wrong key must not look like a price.
		const isAccountRefused = FINAL_STATUS_CODES.has(statusCode);
		if (quote instanceof Error && (isAccountRefused || quote instanceof CancelledError)) throw quote;
		const estimate = await this.estimate(body);
		if (estimate) return estimate;
		throw noPriceError(body.model, quote);
	}

	/** Whether a quote can be right: one of nothing, or next to nothing, would lift every limit. */
	private async isCredible({ priceUsd, listPriceUsd }: Quote, body: QuoteRequest['body']): Promise<boolean> {
		if (priceUsd < (listPriceUsd ?? 0) * MIN_SHARE_OF_LIST_PRICE) return false;
		if (priceUsd >= MAX_DOUBTED_USD) return true;
		const listedUsd = await this.models.estimateUsd(body);
		return listedUsd === null ? priceUsd > 0 : priceUsd >= listedUsd * MIN_SHARE_OF_LIST_PRICE;
	}

	private async ask(body: QuoteRequest['body']): Promise<Quote> {
		if (this.outage) throw this.outage;
		const { client } = this;
		const answer = await client.read(QUOTE_PATH, 'get a quote', {
			json: body,
			maxAttempts: MAX_ATTEMPTS,
			giveUpAtMs: client.clock.nowMs() + MAX_QUOTE_MS,
			isUsable: (json) => readQuote(json) !== null,
		});
		return readQuote(answer.json)!;
	}

	/** By the list price; null where that does not tell. */
	private async estimate(body: QuoteRequest['body']): Promise<Quote | null> {
		const usd = await this.models.estimateUsd(body);
		// A list price of nothing is free only if a quote says the same.
		if (usd === null || usd === 0) return null;
		return {
			priceUsd: usd,
			listPriceUsd: usd,
			discountPercent: null,
			isEstimate: true,
			isMinimum: !isFixedPrice(body.model),
		};
	}
}

function keyOf({ body, unpricedFields }: QuoteRequest): string {
	// A model may charge by the number of its inputs.
	const countOf = (value: unknown) => (Array.isArray(value) ? value.length : 1);
	const entries = Object.entries(body).map(([name, value]) => [
		name,
		unpricedFields.includes(name) ? countOf(value) : value,
	]);
	return canonicalJson(Object.fromEntries(entries));
}

function noPriceError(model: string, cause: Quote | Error): AtlasError {
	const refusal = cause instanceof AtlasError ? cause : null;
	const quoted =
		cause instanceof Error ? 'Couldn’t get a quote' : `Atlas Cloud quoted ${dollars(cause.priceUsd)}`;
	return new AtlasError(`The price of ${model} is unknown. ${refusal?.message ?? quoted}`, {
		kind: 'read',
		description:
			'The model catalog has no price for it either. Nothing was billed. Check the model and its fields, or run the workflow again later.',
		reason: refusal?.reason,
		statusCode: refusal?.statusCode,
		requestId: refusal?.requestId,
	});
}

/** Reads Atlas's answer (docs/atlas-cloud-api.md, Quote); null if it gives no price in dollars. */
function readQuote(json: unknown): Quote | null {
	const data = asObject(asObject(json)?.data);
	const priceUsd = asAmount(data?.price);
	if (!data || priceUsd === null || asString(data.currency ?? 'USD')?.toUpperCase() !== 'USD') return null;
	const listPriceUsd = asAmount(data.origin_price);
	const paidPercent = asAmount(data.discount);
	return {
		priceUsd,
		listPriceUsd,
		discountPercent: paidPercent === null || paidPercent > 100 ? null : roundUsd(100 - paidPercent),
		isEstimate: data.estimated === true,
		isMinimum: false,
	};
}
