import { oneLine, withoutTags } from './text';

/** Why an item has no result; decides what may be done next. */
export type AtlasErrorKind =
	/** A field or file is invalid; nothing was sent. */
	| 'input'
	/** Atlas refused before it created anything: nothing was billed. */
	| 'refused'
	/** It is unknown whether Atlas created (and billed) the prediction. */
	| 'unknown'
	/** The prediction ran and failed. */
	| 'failed'
	/** Content moderation stopped the prediction, and would stop the same request again. */
	| 'moderation'
	/** The prediction did not end within the item's time. */
	| 'timeout'
	/** The prediction is done, but its output could not be fetched. */
	| 'download'
	/** A free request (upload, poll, history) got no usable answer. */
	| 'read';

/** Anything that goes wrong between the node and Atlas, written for the person who has to act. */
export class AtlasError extends Error {
	readonly kind: AtlasErrorKind;

	/** What to do next, in a sentence or two. */
	readonly description: string;

	readonly predictionId: string | null;

	/** The prediction's status as far as known: `failed`, `processing`, `completed` or `unknown`. */
	readonly status: string | null;

	/** Atlas's own error message. */
	readonly reason: string | null;

	readonly statusCode: number | null;

	/** Atlas's `X-Request-ID`. Its support asks for it. */
	readonly requestId: string | null;

	/** Whether the answer exceeded its size limit. */
	readonly isTooLarge: boolean;

	/** Whether it concerns the whole run rather than one item: n8n then names no item. */
	readonly isRunWide: boolean;

	/** Whether it says that a submit of its item may be billed although nothing shows it. */
	readonly isLostTold: boolean;

	constructor(message: string, details: AtlasErrorDetails) {
		const id = details.predictionId ?? null;
		const line = withoutTags(oneLine(message));
		// The ID is in the message itself, because agents and n8n's execution list show nothing else.
		super(id === null || line.includes(id) ? line : withPredictionId(line, id));
		this.name = 'AtlasError';
		this.kind = details.kind;
		this.description = withoutTags(details.description);
		this.predictionId = id;
		this.status = details.status ?? null;
		this.reason = details.reason ?? null;
		this.statusCode = details.statusCode ?? null;
		this.requestId = details.requestId ?? null;
		this.isTooLarge = details.isTooLarge ?? false;
		this.isRunWide = details.isRunWide ?? false;
		this.isLostTold = details.isLostTold ?? details.kind === 'unknown';
	}
}

/** What an error reports besides its message; what is left out is null or false. */
export type AtlasErrorDetails = Pick<AtlasError, 'kind' | 'description'> &
	Partial<Omit<AtlasError, 'kind' | 'description' | 'name' | 'message'>>;

/** In the same brackets as a status code: `(404, prediction …)`. */
function withPredictionId(message: string, id: string): string {
	return /\(\d{3}\)$/.test(message)
		? `${message.slice(0, -1)}, prediction ${id})`
		: `${message} (prediction ${id})`;
}

/** The error of an invalid field or file, before anything is sent. */
export function inputError(message: string, description: string): AtlasError {
	return new AtlasError(message, { kind: 'input', description });
}

/** The error of a run that is refused as a whole, before anything is submitted. */
export function runError(message: string, description: string): AtlasError {
	return new AtlasError(message, { kind: 'input', description, isRunWide: true });
}

/** The execution was cancelled, or another item's error stopped the batch. Says nothing about this item. */
export class CancelledError extends Error {
	constructor() {
		// n8n recognizes a cancelled node by this exact text (n8n-core 2.41, processSuccessExecution).
		super('The execution was canceled');
		this.name = 'CancelledError';
	}
}
