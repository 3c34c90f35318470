import { AtlasClient } from '../../nodes/AtlasCloud/api/http/client';
import type { Clock } from '../../nodes/AtlasCloud/api/time/clock';
import type { ByteStream, Http, HttpRequest, HttpResponse } from '../../nodes/AtlasCloud/api/http/http';

/** An answer: a JSON value, or bytes as they come. */
export interface FakeAnswer {
	statusCode?: number;
	headers?: Record<string, string>;
	json?: unknown;
	chunks?: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

export const BASE_URL = 'https://api.example.com';

function streamOf(
	chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): ByteStream & { isDestroyed: boolean } {
	const stream = {
		isDestroyed: false,
		destroy() {
			stream.isDestroyed = true;
		},
		async *[Symbol.asyncIterator]() {
			for await (const chunk of chunks) {
				if (stream.isDestroyed) return;
				yield chunk;
			}
		},
	};
	return stream;
}

/** Answers requests with a function, and records them. */
export class FakeHttp implements Http {
	readonly requests: HttpRequest[] = [];

	constructor(
		private readonly answer: (request: HttpRequest, count: number) => FakeAnswer | Promise<FakeAnswer>,
	) {}

	async send(request: HttpRequest): Promise<HttpResponse> {
		this.requests.push(request);
		const { statusCode = 200, headers = {}, json, chunks } = await this.answer(request, this.requests.length);
		return { statusCode, headers, body: streamOf(chunks ?? [Buffer.from(JSON.stringify(json ?? null))]) };
	}
}

/** Answers one after another; the last one repeats. */
export const inTurn =
	(...answers: Array<FakeAnswer | Error>) =>
	(_request: HttpRequest, count: number): FakeAnswer => {
		const answer = answers[Math.min(count, answers.length) - 1];
		if (answer instanceof Error) throw answer;
		return answer;
	};

/** The result of some work, or its error. */
export async function settled<T, E = Error>(
	work: Promise<T>,
): Promise<{ value: T; error?: undefined } | { value?: undefined; error: E }> {
	return await work.then(
		(value) => ({ value }),
		(error: unknown) => ({ error: error as E }),
	);
}

export function clientOf(http: Http, clock: Clock): AtlasClient {
	return new AtlasClient(BASE_URL, http, clock, undefined);
}

/** The path and query of a request to the API. */
export function pathOf(request: HttpRequest): string {
	return request.url.slice(BASE_URL.length);
}
