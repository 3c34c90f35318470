/** What can be made to go wrong, and where. */

export type Endpoint =
	| 'upload'
	| 'submit'
	| 'quote'
	| 'prediction'
	| 'history'
	| 'models'
	| 'schema'
	| 'balance'
	| 'webhookKeys'
	| 'file';

export type FailedTaskShape = 'status200' | 'http500' | 'nsfw' | 'moderation' | 'errorObject';

export type FaultAction =
	/** The connection is reset and nothing was done. */
	| { type: 'resetBefore' }
	/** The connection is reset after the work: a task exists and is charged. */
	| { type: 'resetAfter' }
	| { type: 'delay'; seconds: number; then?: 'handle' }
	/** Never answered, nothing done. */
	| { type: 'hang' }
	/** Never answered, but the work is done. */
	| { type: 'hangAfter' }
	/** `handled: true` does the work first. Without a body: the documented envelope. A string is sent as it is. */
	| {
			type: 'status';
			status: number;
			body?: unknown;
			headers?: Record<string, string>;
			handled?: boolean;
	  }
	/**
	 * Headers at once, then so many bytes of the body per second of the sandbox's clock, until all is sent or the
	 * connection closes. `handled: false`: nothing is done, and what trickles is the envelope of a 503.
	 */
	| { type: 'trickle'; bytesPerSecond: number; handled?: boolean }
	/** Handled; the `Date` header is missing, is this text, or is so many seconds ahead of the sandbox's (or behind). */
	| { type: 'dateHeader'; value: 'missing' | string | { skewSeconds: number } }
	/** On `prediction`: the newest other task's record, or one made up where there is no other. */
	| { type: 'otherRecord' }
	/** On `submit`: handled, and answered as the first such call was, for ten seconds: a gateway keeps answers. */
	| { type: 'cachedAnswer' }
	/** Handled; the full length is announced and half of it sent. */
	| { type: 'truncate' }
	/** Handled; the answer is no JSON. */
	| { type: 'malformedJson' }
	/** Handled; every value of the answer has another type. */
	| { type: 'wrongTypes' }
	/** Handled; the answer is `{}`. */
	| { type: 'emptyObject' }
	/** Handled; the answer has this many bytes and does not announce them. */
	| { type: 'hugeBody'; bytes: number }
	| { type: 'redirect'; location: string; status?: number }
	/** On `submit`: the task that this call creates ends so. */
	| { type: 'failTask'; shape: FailedTaskShape }
	/** On `submit`: merged into the data of the finished prediction. */
	| { type: 'patchResult'; patch: Record<string, unknown> }
	/** On `file`: 200 with a page of HTML or, the next time, with random bytes called a picture. */
	| { type: 'corruptPicture' };

export interface Fault {
	endpoint: Endpoint;
	/** 1-based, counted per fault from when it is added. Default 1. */
	nth?: number;
	/** For how many calls from `nth` on. Default 1 (with `probability`: no end); Infinity allowed. */
	times?: number;
	/** Instead of `nth`; seeded. */
	probability?: number;
	action: FaultAction;
	/** Only requests whose path or body (of an upload: the file's name) holds this. */
	match?: string;
}
