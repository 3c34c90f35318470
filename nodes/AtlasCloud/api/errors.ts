/** Why an item did not get its picture; decides what may be done next. */
export type AtlasErrorKind =
	/** Something in the fields or files is not right; nothing was sent. */
	| 'input'
	/** Atlas said no before it created anything: nothing was billed. */
	| 'refused'
	/** It cannot be told from here whether Atlas created (and billed) the prediction. */
	| 'unknown'
	/** The prediction ran and failed. */
	| 'failed'
	/** The prediction was stopped by content moderation: the same request will be again. */
	| 'moderation'
	/** The prediction is still going after the item's time. */
	| 'timeout'
	/** The prediction is done, its picture could not be fetched. */
	| 'download'
	/** A free request (upload, look, history) got no usable answer. */
	| 'read';

/** What an error tells besides its message; all of it reaches the failed item's json. */
export interface AtlasErrorDetails {
	kind: AtlasErrorKind;
	/** What to do about it, in a sentence or two. */
	description: string;
	predictionId?: string | null;
	/** `failed`, `processing` or `unknown`: the prediction's state as far as known. */
	status?: string | null;
	/** Atlas's own words. */
	reason?: string | null;
	/** HTTP status of the answer. */
	statusCode?: number | null;
	/** Atlas's `X-Request-ID`, which its support asks for. */
	requestId?: string | null;
	/** Whether the answer was larger than any that is read. */
	isTooLarge?: boolean;
}

/** Everything that goes wrong between the node and Atlas, told for the person who has to act. */
export class AtlasError extends Error {
	readonly kind: AtlasErrorKind;

	readonly description: string;

	readonly predictionId: string | null;

	readonly status: string | null;

	readonly reason: string | null;

	readonly statusCode: number | null;

	readonly requestId: string | null;

	readonly isTooLarge: boolean;

	constructor(message: string, details: AtlasErrorDetails) {
		const id = details.predictionId ?? null;
		// The id stands in the message itself: an agent, and n8n's execution list, show nothing else.
		super(id !== null && !message.includes(id) ? `${message} (prediction ${id})` : message);
		this.name = 'AtlasError';
		this.kind = details.kind;
		this.description = details.description;
		this.predictionId = id;
		this.status = details.status ?? null;
		this.reason = details.reason ?? null;
		this.statusCode = details.statusCode ?? null;
		this.requestId = details.requestId ?? null;
		this.isTooLarge = details.isTooLarge ?? false;
	}
}

/** Refuses a field or file before anything is sent. */
export function inputError(message: string, description: string): AtlasError {
	return new AtlasError(message, { kind: 'input', description });
}

/** The execution was cancelled, or the batch was stopped by another item's error: no verdict on this item. */
export class CancelledError extends Error {
	constructor() {
		// In n8n's spelling: it tells by it that a node ended because of the cancel (n8n-core 2.41, processSuccessExecution).
		super('The execution was canceled');
		this.name = 'CancelledError';
	}
}

/** How often a data URI, or anything as long, is shown in a message: never whole. */
const MAX_TEXT_LENGTH = 120;

/** Shortens text that goes into a message: a data URI is cut after its type, anything else after 120 characters. */
export function truncate(text: string): string {
	if (/^data:/i.test(text)) return `${text.slice(0, text.search(/[;,]|$/))};…`;
	return text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text;
}
