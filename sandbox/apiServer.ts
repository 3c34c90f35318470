import type { IncomingMessage } from 'node:http';
import multipart from '@fastify/multipart';
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { json, Refusal, type Answer } from './answers';
import { catalog, openAiModels } from './catalog';
import { converse, type Call, type Handler, type Stage } from './conversation';
import type { FileStore } from './fileStore';
import { historyAnswer } from './history';
import { bodyToKeep } from './ledger';
import { RateLimit } from './limits';
import type { Origin } from './origin';
import { predictionAnswer, submitAnswer, type PredictionContext } from './predictions';
import { checkSubmit } from './submitRules';
import type { TaskBook } from './tasks';
import type { Endpoint, SandboxOptions, TokenBucket } from './types';
import { storeUpload, uploadAnswer, type UploadPart } from './uploads';

/** A JSON body over this is answered 413 [D]. */
const MAX_JSON_BYTES = 50 * 1024 * 1024;
const FIRST_BALANCE_USD = 125.5;

export interface ApiParts {
	apiKey: string;
	api: Origin;
	filesUrl: () => string;
	stage: Stage;
	files: FileStore;
	tasks: TaskBook;
	options: SandboxOptions;
}

/** The API's host. */
export class ApiServer {
	private uploads: RateLimit | null = null;
	private submits: RateLimit | null = null;
	private looks: RateLimit | null = null;
	private readonly bodies = new WeakMap<Call, string | null>();
	private readonly parts = new WeakMap<Call, UploadPart | undefined>();
	private readonly fastifyRequests = new WeakMap<IncomingMessage, FastifyRequest>();

	constructor(private readonly around: ApiParts) {
		this.readLimits();
	}

	/** To be called when the limits changed. */
	readLimits(): void {
		const { options, stage } = this.around;
		const limitOf = (bucket: TokenBucket | undefined): RateLimit | null =>
			bucket ? new RateLimit(bucket, () => stage.clock.nowMs()) : null;
		this.uploads = limitOf(options.limits?.uploads);
		this.submits = limitOf(options.limits?.submits);
		this.looks = limitOf(options.limits?.looks);
	}

	async build(): Promise<void> {
		const { api } = this.around;
		const app = Fastify({
			serverFactory: (listener) => api.createServer(listener),
			routerOptions: { maxParamLength: 2000 },
			frameworkErrors: (_error, request, reply) => void this.serve('other', this.lost(), request, reply),
		});
		app.removeAllContentTypeParsers();
		// Bodies are read by the handlers: a 413 or a fault is not Fastify's to decide.
		app.addContentTypeParser('*', (_request, _payload, done) => done(null));
		await app.register(multipart, { limits: { fileSize: Infinity, files: 1 } });

		const route = (method: 'GET' | 'POST', url: string, endpoint: Endpoint, handler: Handler): void => {
			app.route({
				method,
				url,
				handler: async (request: FastifyRequest, reply: FastifyReply) =>
					await this.serve(endpoint, handler, request, reply),
			});
		};
		route('POST', '/api/v1/model/uploadMedia', 'upload', this.upload());
		route('POST', '/api/v1/model/generateImage', 'submit', this.submit());
		route('POST', '/api/v1/model/generateVideo', 'submit', this.submit());
		route('POST', '/api/v1/model/generateAudio', 'submit', this.submit());
		// `result` is an alias [T], and a trailing slash is tolerated [C].
		for (const path of ['prediction/:id', 'prediction/:id/', 'result/:id', 'result/:id/']) {
			route(
				'GET',
				`/api/v1/model/${path}`,
				'prediction',
				this.withKey((call) => this.prediction(call)),
			);
		}
		route(
			'GET',
			'/api/v1/model/history',
			'history',
			this.withKey((call) => this.history(call)),
		);
		route(
			'GET',
			'/public/v1/balance',
			'balance',
			this.withKey((call) => this.balance(call)),
		);
		route(
			'GET',
			'/v1/models',
			'models',
			this.withKey(() => json(openAiModels())),
		);
		// Needs no key [C].
		route('GET', '/api/v1/models', 'models', { work: () => this.models() });
		// A wrong path answers 401 as well [D].
		app.setNotFoundHandler(async (request, reply) => await this.serve('other', this.lost(), request, reply));
		await app.ready();
	}

	private async serve(
		endpoint: Endpoint | 'other',
		handler: Handler,
		request: FastifyRequest,
		reply: FastifyReply,
	): Promise<void> {
		reply.hijack();
		this.fastifyRequests.set(request.raw, request);
		await converse(this.around.stage, endpoint, request.raw, reply.raw, handler);
	}

	private lost(): Handler {
		return {
			work: () => {
				throw new Refusal(401, 'unauthorized');
			},
		};
	}

	private withKey(work: (call: Call) => Promise<Answer> | Answer): Handler {
		return {
			work: (call) => {
				this.checkKey(call);
				return work(call);
			},
		};
	}

	private checkKey({ entry }: Call): void {
		if (entry.authorization !== `Bearer ${this.around.apiKey}`) throw new Refusal(401, 'unauthorized');
	}

	private context(): PredictionContext {
		const { api, stage, options } = this.around;
		return { baseUrl: api.url, skewMs: stage.skewMs(), nowMs: stage.clock.nowMs(), options };
	}

	private upload(): Handler {
		const { files, stage, filesUrl, options } = this.around;
		return {
			read: async (call) => {
				const part = await uploadPart(this.fastifyRequests.get(call.request));
				this.parts.set(call, part);
				return part?.fileName ?? '';
			},
			work: async (call) => {
				this.checkKey(call);
				if (this.uploads && !this.uploads.take()) throw new Refusal(429, 'rate limit exceeded');
				const context = {
					files,
					ledger: stage.ledger,
					filesUrl: filesUrl(),
					keepName: options.keepUploadNames ?? false,
				};
				const upload = await storeUpload(this.parts.get(call), context, (bytes) => {
					call.entry.bytesIn = bytes;
				});
				return json(uploadAnswer(upload));
			},
			drain: (call) => void this.parts.get(call)?.stream.resume(),
		};
	}

	private submit(): Handler {
		return {
			read: async (call) => {
				const text = await readText(call);
				this.bodies.set(call, text);
				if (text !== null) call.entry.body = parsedToKeep(text);
				return text ?? '';
			},
			work: async (call) => {
				this.checkKey(call);
				const text = this.bodies.get(call) ?? null;
				if (text === null) throw new Refusal(413, 'request body too large: at most 50 MB');
				this.checkLimits();
				const submit = checkSubmit(text, call.request.headers, call.path);
				const task = this.around.tasks.create(submit, text, call.fates);
				return await submitAnswer(task, this.context(), submit.nested);
			},
		};
	}

	/** 429 [D]: nothing was created, and there is no `Retry-After`. */
	private checkLimits(): void {
		const { tasks, options } = this.around;
		if (tasks.unfinishedCount >= (options.limits?.runningAtOnce ?? Infinity)) {
			throw new Refusal(429, 'rate limit exceeded: too many running tasks');
		}
		if (this.submits && !this.submits.take()) throw new Refusal(429, 'rate limit exceeded');
	}

	private async prediction(call: Call): Promise<Answer> {
		if (this.looks && !this.looks.take()) throw new Refusal(429, 'rate limit exceeded');
		const { tasks, options, stage } = this.around;
		const id = decodeURIComponent(call.path.replace(/\/$/, '').split('/').pop() ?? '');
		if (call.otherRecord) return await predictionAnswer(tasks.otherThan(id), this.context());
		const task = tasks.find(id);
		if (!task) throw new Refusal(404, 'prediction not found');
		const { warmUp } = options;
		// For up to about 30 s a new prediction may not be visible yet [C].
		if (warmUp && stage.clock.nowMs() < task.record.createdAtMs + warmUp.seconds * 1000) {
			throw new Refusal(warmUp.status, 'prediction not found');
		}
		return await predictionAnswer(task, this.context());
	}

	private async history(call: Call): Promise<Answer> {
		return await historyAnswer(this.around.tasks.listed(), call.query, this.context());
	}

	private models(): Answer {
		return json(catalog(this.around.filesUrl(), this.around.options.predictSeconds ?? 3));
	}

	private balance({ requestId }: Call): Answer {
		const spent = this.around.stage.ledger.charges.reduce((sum, { priceUsd }) => sum + priceUsd, 0);
		const money = (usd: number): { value: string; currency: string } => ({
			value: Math.max(0, usd).toFixed(6),
			currency: 'usd',
		});
		return json({
			object: 'balance',
			available: money(FIRST_BALANCE_USD - spent),
			cash: money(FIRST_BALANCE_USD - spent),
			bonus: money(0),
			subscription_bonus: money(0),
			frozen: money(0),
			credit_grant: money(0),
			scope: 'account',
			account: { id: 'acc_sandbox', name: 'Sandbox', type: 'personal' },
			request_id: requestId,
		});
	}
}

/** The first part that is a file; undefined where there is none. */
async function uploadPart(request: FastifyRequest | undefined): Promise<UploadPart | undefined> {
	if (!request?.isMultipart()) return undefined;
	try {
		const part = await request.file();
		if (!part) return undefined;
		const { fieldname, filename, mimetype, file } = part;
		return { fieldName: fieldname, fileName: filename ?? '', contentType: mimetype, stream: file };
	} catch {
		return undefined;
	}
}

/** The body as text, or null where it is over the limit; then the rest is taken in and dropped. */
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
