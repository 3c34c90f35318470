/* A plain client of Atlas Cloud: it repeats nothing and hides nothing, so that what is seen is what was answered. */
import { asArray, asObject, asString } from '../../nodes/AtlasCloud/api/json';

export interface LiveClock {
	nowMs(): number;
	sleepMs(ms: number): Promise<void>;
}

export interface Answer {
	status: number;
	/** Names in lower case. */
	headers: Record<string, string>;
	/** The parsed body; undefined where it is not JSON. */
	json: unknown;
	/** `data` of the envelope, or the body itself where there is none. */
	data: Record<string, unknown>;
	bytes: Buffer;
	/** When it had arrived, on our clock. */
	atMs: number;
}

interface Call {
	method?: 'GET' | 'POST';
	json?: object;
	form?: FormData;
	/** Default true. */
	withKey?: boolean;
	key?: string;
	headers?: Record<string, string>;
}

/** How far Atlas's clock is ahead of ours by one answer, and how sure that is: its `Date` is cut to the second. */
export interface Skew {
	seconds: number;
	uncertaintySeconds: number;
}

export class LiveApi {
	readonly skews: Skew[] = [];

	answers = 0;

	withoutDate = 0;

	withoutRequestId = 0;

	constructor(
		readonly baseUrl: string,
		readonly key: string,
		readonly clock: LiveClock,
		private readonly send: typeof fetch = fetch,
	) {}

	async call(
		path: string,
		{ method = 'GET', json, form, withKey = true, key, headers }: Call = {},
	): Promise<Answer> {
		const authorization: Record<string, string> = withKey
			? { authorization: `Bearer ${key ?? this.key}` }
			: {};
		const body = json ? JSON.stringify(json) : form;
		const sentMs = this.clock.nowMs();
		const answer = await readAnswer(
			await this.send(this.baseUrl + path, {
				method,
				redirect: 'manual',
				headers: { ...authorization, ...(json ? { 'content-type': 'application/json' } : {}), ...headers },
				...(body ? { body } : {}),
			}),
			this.clock,
		);
		this.note(answer, sentMs);
		return answer;
	}

	async upload(bytes: Buffer, name: string, type: string): Promise<Answer> {
		const form = new FormData();
		form.append('file', new Blob([new Uint8Array(bytes)], { type }), name);
		return await this.call('/api/v1/model/uploadMedia', { method: 'POST', form });
	}

	/** A file on another host: the key never goes there. */
	async file(url: string): Promise<Answer> {
		return await readAnswer(await this.send(url), this.clock);
	}

	private note({ headers, atMs }: Answer, sentMs: number): void {
		this.answers++;
		if (!headers['x-request-id']) this.withoutRequestId++;
		const theirs = Date.parse(headers.date ?? '');
		if (Number.isNaN(theirs)) {
			this.withoutDate++;
			return;
		}
		this.skews.push({
			seconds: (theirs + 500 - (sentMs + atMs) / 2) / 1000,
			uncertaintySeconds: 0.5 + (atMs - sentMs) / 2000,
		});
	}
}

async function readAnswer(response: Response, clock: LiveClock): Promise<Answer> {
	const bytes = Buffer.from(await response.arrayBuffer());
	let json: unknown;
	try {
		json = JSON.parse(bytes.toString('utf8'));
	} catch {
		json = undefined;
	}
	const outer = asObject(json) ?? {};
	return {
		status: response.status,
		headers: Object.fromEntries(response.headers),
		json,
		data: asObject(outer.data) ?? outer,
		bytes,
		atMs: clock.nowMs(),
	};
}

/** What an answer that is not a success says, in a line. */
export function describeRefusal({ status, json }: Answer): string {
	const body = asObject(json) ?? {};
	const text = asString(body.msg) ?? asString(body.message) ?? asString(asObject(body.error)?.message);
	return `${status}${text ? ` “${text.slice(0, 160)}”` : ''}`;
}

/** The objects of a list; whatever else is in it is left out. */
export function objectsIn(list: unknown): Array<Record<string, unknown>> {
	return asArray(list)
		.map(asObject)
		.filter((entry) => entry !== undefined);
}

/** The `items` of a page of the history. */
export function itemsOf({ data }: Answer): Array<Record<string, unknown>> {
	return objectsIn(data.items);
}
