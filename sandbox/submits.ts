import { json, Refusal, type Answer } from './answers';
import type { Call, Handler } from './conversation';
import { secondsOf } from './inputMedia';
import type { Storage } from './inputSource';
import { bodyToKeep } from './ledger';
import type { RateLimit } from './limits';
import { billedInputOf, discountPercentOf, quoteOf, type Quote } from './pricing';
import { submitAnswer, type PredictionContext } from './predictions';
import { checkSubmit, type Submit } from './submitRules';
import type { TaskBook } from './tasks';
import type { SandboxOptions } from './types';

/** A JSON body over this is answered 413. */
const MAX_JSON_BYTES = 50 * 1024 * 1024;

export interface SubmitParts {
	tasks: TaskBook;
	options: SandboxOptions;
	storage: () => Storage;
	context: () => PredictionContext;
	rateLimit: () => RateLimit | null;
	hasKey: (call: Call) => boolean;
	checkKey: (call: Call) => void;
}

/** `POST …/generateImage` and its like, and the quote, which takes the very same body. */
export class Submits {
	private readonly bodies = new WeakMap<Call, string | null>();

	constructor(private readonly around: SubmitParts) {}

	submit(): Handler {
		return {
			read: async (call) => await this.read(call),
			work: async (call) => {
				this.around.checkKey(call);
				const text = this.textOf(call);
				this.checkLimits();
				const submit = this.check(call, text);
				const inputSeconds = billedInputOf(submit) ? await this.inputSeconds(submit) : null;
				const { priceUsd } = this.quoteOf(submit, inputSeconds, true);
				const task = this.around.tasks.create(submit, priceUsd, text, call.fates);
				return await submitAnswer(task, this.around.context(), submit.nested);
			},
		};
	}

	/** Creates nothing. Only with the key does it know what this account pays. */
	quote(): Handler {
		return {
			read: async (call) => await this.read(call),
			work: async (call) => {
				if (call.entry.authorization !== null) this.around.checkKey(call);
				const submit = this.check(call, this.textOf(call));
				const quote = this.quoteOf(submit, await this.inputSeconds(submit), this.around.hasKey(call));
				return quoteAnswer(quote, submit, this.around.options);
			},
		};
	}

	private async read(call: Call): Promise<string> {
		const text = await readText(call);
		this.bodies.set(call, text);
		if (text !== null) call.entry.body = parsedToKeep(text);
		return text ?? '';
	}

	private textOf(call: Call): string {
		const text = this.bodies.get(call) ?? null;
		if (text === null) throw new Refusal(413, 'request body too large: at most 50 MB');
		return text;
	}

	private check({ request, path }: Call, text: string): Submit {
		const { refuseUnknownFields = false, webhooks } = this.around.options;
		const allowLoopbackWebhooks = webhooks?.allowLoopback ?? false;
		return checkSubmit(text, request.headers, path, { refuseUnknownFields, allowLoopbackWebhooks });
	}

	private quoteOf(submit: Submit, inputSeconds: number | null, isAccount: boolean): Quote {
		const { accountMarkup = 1 } = this.around.options;
		return quoteOf(submit, inputSeconds, isAccount ? accountMarkup : 1);
	}

	private async inputSeconds(submit: Submit): Promise<number | null> {
		const field = billedInputOf(submit);
		if (submit.kind !== 'media' || field === null) return null;
		return await secondsOf(submit.fields[field], 'audio', this.around.storage());
	}

	/** 429: nothing was created, and there is no `Retry-After`. */
	private checkLimits(): void {
		const { tasks, options, rateLimit } = this.around;
		if (tasks.unfinishedCount >= (options.limits?.runningAtOnce ?? Infinity)) {
			throw new Refusal(429, 'rate limit exceeded: too many running tasks');
		}
		if (rateLimit()?.take() === false) throw new Refusal(429, 'rate limit exceeded');
	}
}

/** Amounts are strings or numbers, as the `price` option says. `discount` is the percentage that is paid. */
function quoteAnswer(quote: Quote, { model }: Submit, { price }: SandboxOptions): Answer {
	const amount = (usd: number): string | number => (price?.as === 'number' ? usd : String(usd));
	return json({
		code: 200,
		message: 'success',
		data: {
			price: amount(quote.priceUsd),
			origin_price: amount(quote.listPriceUsd),
			discount: discountPercentOf(model.price),
			estimated: quote.isEstimate,
			estimated_tokens: quote.estimatedTokens,
			currency: 'USD',
		},
	});
}

/** The body as text, or null where it is over the limit; then the rest is read and dropped. */
async function readText({ request, entry }: Call): Promise<string | null> {
	const chunks: Buffer[] = [];
	for await (const chunk of request as AsyncIterable<Buffer>) {
		entry.bytesIn += chunk.length;
		if (entry.bytesIn <= MAX_JSON_BYTES) chunks.push(chunk);
		else chunks.length = 0;
	}
	return entry.bytesIn > MAX_JSON_BYTES ? null : Buffer.concat(chunks).toString('utf8');
}

function parsedToKeep(text: string): unknown {
	try {
		return bodyToKeep(text, JSON.parse(text));
	} catch {
		return text.slice(0, 1000);
	}
}
