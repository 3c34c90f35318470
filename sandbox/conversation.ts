import type { IncomingMessage, ServerResponse } from 'node:http';
import { json, phraseOf, refused, Refusal, type Answer } from './answers';
import { wrongTypes, type CallFaults, type DateHeader, type FaultBook, type Trouble } from './faults';
import type { LedgerBook } from './ledger';
import { randomId } from './random';
import { sendAnswer, sendHalf, sendHuge, sendTrickle } from './sendAnswer';
import type { Endpoint, LedgerRequest, SandboxClock } from './types';

/** One request on its way through the sandbox. */
export interface Call {
	endpoint: Endpoint | 'other';
	/** With its query. */
	url: string;
	/** Without. */
	path: string;
	query: URLSearchParams;
	requestId: string;
	request: IncomingMessage;
	entry: LedgerRequest;
	fates: CallFaults['fates'];
	/** The answer is to be another prediction's. */
	otherRecord: boolean;
}

export interface Handler {
	/** Reads what a fault's `match` is compared with, besides the path. */
	read?(call: Call): Promise<string>;
	work(call: Call): Promise<Answer> | Answer;
	/** Takes in what is left of the body: an answer before its end would reset a client that still sends. */
	drain?(call: Call): void;
}

export interface Stage {
	origin: 'api' | 'files';
	ledger: LedgerBook;
	faults: FaultBook;
	clock: SandboxClock;
	skewMs(): number;
	onRequestOver?: (request: LedgerRequest) => void;
}

/**
 * Handles one request of any endpoint: records it, applies its faults, does the work and answers, always with
 * `X-Request-ID` and `Date`.
 */
export async function converse(
	stage: Stage,
	endpoint: Endpoint | 'other',
	request: IncomingMessage,
	response: ServerResponse,
	handler: Handler,
): Promise<void> {
	const url = request.url ?? '/';
	const [path = '/', query = ''] = url.split('?', 2);
	const entry: LedgerRequest = {
		atMs: stage.clock.nowMs(),
		endpoint,
		method: request.method ?? '',
		path: url,
		status: null,
		authorization: request.headers.authorization ?? null,
		bytesIn: 0,
		remoteOrigin: stage.origin,
	};
	stage.ledger.requests.push(entry);
	const requestId = randomId();
	const call: Call = {
		endpoint,
		url,
		path,
		query: new URLSearchParams(query),
		requestId,
		request,
		entry,
		fates: [],
		otherRecord: false,
	};
	let date: DateHeader | null = null;
	response.on('error', () => undefined);
	response.setHeader('X-Request-ID', requestId);
	// Written down when the client can see it: a test reads the ledger right after its answer.
	const writeHead = response.writeHead.bind(response) as (status: number, headers?: object) => ServerResponse;
	response.writeHead = ((status: number, headers?: object) => {
		setDate(response, date, stage);
		entry.status = status;
		return writeHead(status, headers);
	}) as ServerResponse['writeHead'];
	response.once('close', () => stage.onRequestOver?.(entry));

	try {
		const read = handler.read ? await handler.read(call) : '';
		const faults = stage.faults.take(endpoint, `${url}\n${read}`);
		call.fates = faults.fates;
		call.otherRecord = faults.otherRecord;
		date = faults.date;
		if (faults.delaySeconds > 0) await stage.clock.sleepMs(faults.delaySeconds * 1000);
		await meet(stage, call, handler, response, faults.trouble);
	} catch (error) {
		// The connection went away, or the sandbox itself is wrong: the latter has to be seen.
		if (request.destroyed || response.destroyed || response.headersSent) response.destroy();
		else await sendAnswer(refused(path, 500, `sandbox: ${String(error)}`, requestId), request, response);
	}
}

function setDate(response: ServerResponse, date: DateHeader | null, { clock, skewMs }: Stage): void {
	if (date === 'missing') {
		// Node would add one by itself.
		response.sendDate = false;
		return;
	}
	const skewSeconds = typeof date === 'object' ? (date?.skewSeconds ?? 0) : 0;
	const own = new Date(clock.nowMs() + skewMs() + skewSeconds * 1000).toUTCString();
	response.setHeader('Date', typeof date === 'string' ? date : own);
}

async function meet(
	stage: Stage,
	call: Call,
	handler: Handler,
	response: ServerResponse,
	trouble: Trouble | null,
): Promise<void> {
	const { request, path, requestId } = call;
	const reset = (): void => void request.socket.resetAndDestroy();
	const send = async (answer: Answer): Promise<void> => {
		await takeIn(call, handler);
		await sendAnswer(answer, request, response);
	};
	const work = async (): Promise<Answer> => {
		try {
			return await handler.work(call);
		} catch (error) {
			if (error instanceof Refusal) return refused(path, error.status, error.message, requestId);
			throw error;
		}
	};

	if (!trouble) return await send(await work());
	switch (trouble.type) {
		case 'resetBefore':
			return reset();
		case 'hang':
			return await takeIn(call, handler);
		case 'redirect':
			return await send({
				...json({}, trouble.status ?? 302),
				headers: { location: trouble.location },
			});
		case 'status':
			if (trouble.handled) await work();
			return await send({ ...answerOf(trouble, path, requestId), headers: trouble.headers });
		case 'trickle': {
			const answer = trouble.handled === false ? refused(path, 503, phraseOf(503), requestId) : await work();
			await takeIn(call, handler);
			return await sendTrickle(answer, trouble.bytesPerSecond, stage.clock, request, response);
		}
		case 'corruptPicture':
			return await send(stage.faults.corruptPicture());
	}

	const answer = await work();
	await takeIn(call, handler);
	switch (trouble.type) {
		case 'resetAfter':
			return reset();
		case 'hangAfter':
			return;
		case 'cachedAnswer':
			return await send(stage.faults.cachedAnswer(answer, stage.clock.nowMs()));
		case 'truncate':
			return await sendHalf(answer, response);
		case 'hugeBody':
			return await sendHuge(trouble.bytes, answer.body.kind === 'file', response);
		case 'malformedJson':
			return await send(raw(answer.status, '{"code": 200, "message": "success", "data": {"id": '));
		case 'emptyObject':
			return await send(json({}, answer.status));
		case 'wrongTypes':
			return await send(
				answer.body.kind === 'json' ? json(wrongTypes(answer.body.value), answer.status) : answer,
			);
	}
}

function raw(status: number, text: string, contentType = 'application/json; charset=utf-8'): Answer {
	return { status, body: { kind: 'raw', bytes: Buffer.from(text), contentType } };
}

function answerOf(
	{ status, body }: Extract<Trouble, { type: 'status' }>,
	path: string,
	requestId: string,
): Answer {
	if (body === undefined) return refused(path, status, phraseOf(status), requestId);
	if (typeof body !== 'string') return json(body, status);
	return raw(status, body, body.trimStart().startsWith('<') ? 'text/html; charset=utf-8' : 'text/plain');
}

async function takeIn(call: Call, handler: Handler): Promise<void> {
	const { request } = call;
	if (request.complete || request.destroyed) return;
	handler.drain?.(call);
	request.resume();
	await new Promise<void>((resolve) => {
		request.once('end', resolve);
		request.once('close', resolve);
		if (request.complete) resolve();
	});
}
