import type { IncomingMessage } from 'node:http';
import multipart from '@fastify/multipart';
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { json, Refusal, type Answer } from './answers';
import { balanceAnswer } from './balance';
import { catalog, openAiModels } from './catalog';
import { converse, type Call, type Handler, type Stage } from './conversation';
import type { FileStore } from './fileStore';
import { historyAnswer } from './history';
import { RateLimit } from './limits';
import type { Origin } from './origin';
import { predictionAnswer, type PredictionContext } from './predictions';
import { Submits } from './submits';
import type { TaskBook } from './tasks';
import type { Endpoint, SandboxOptions, TokenBucket } from './types';
import { storeUpload, uploadAnswer, type UploadPart } from './uploads';
import type { WebhookSender } from './webhooks';

export interface ApiParts {
	apiKey: string;
	api: Origin;
	filesUrl: () => string;
	stage: Stage;
	files: FileStore;
	tasks: TaskBook;
	webhooks: WebhookSender;
	options: SandboxOptions;
}

/** The API's host. */
export class ApiServer {
	private uploads: RateLimit | null = null;
	private submits: RateLimit | null = null;
	private polls: RateLimit | null = null;
	private readonly parts = new WeakMap<Call, UploadPart | undefined>();
	private readonly fastifyRequests = new WeakMap<IncomingMessage, FastifyRequest>();

	constructor(private readonly around: ApiParts) {
		this.readLimits();
	}

	/** Has to be called when the limits change. */
	readLimits(): void {
		const { options, stage } = this.around;
		const limitOf = (bucket: TokenBucket | undefined): RateLimit | null =>
			bucket ? new RateLimit(bucket, () => stage.clock.nowMs()) : null;
		this.uploads = limitOf(options.limits?.uploads);
		this.submits = limitOf(options.limits?.submits);
		this.polls = limitOf(options.limits?.polls);
	}

	async build(): Promise<void> {
		const { api } = this.around;
		const app = Fastify({
			exposeHeadRoutes: false,
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
		const submits = this.submitHandlers();
		for (const type of ['Image', 'Video', 'Audio']) {
			route('POST', `/api/v1/model/generate${type}`, 'submit', submits.submit());
		}
		route('POST', '/api/v1/model/calculate', 'quote', submits.quote());
		route('GET', '/api/v1/webhooks/jwks.json', 'webhookKeys', {
			work: () => json(this.around.webhooks.jwks()),
		});
		// Atlas Cloud answers to all of these.
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
			this.withKey(({ requestId }) => balanceAnswer(this.around.stage.ledger.charges, requestId)),
		);
		route(
			'GET',
			'/v1/models',
			'models',
			this.withKey(() => json(openAiModels())),
		);
		// Needs no key.
		route('GET', '/api/v1/models', 'models', { work: () => this.models() });
		// A wrong path answers 401 as well.
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

	private hasKey({ entry }: Call): boolean {
		return entry.authorization === `Bearer ${this.around.apiKey}`;
	}

	private checkKey(call: Call): void {
		if (!this.hasKey(call)) throw new Refusal(401, 'unauthorized');
	}

	private submitHandlers(): Submits {
		const { tasks, options, files, filesUrl, stage } = this.around;
		return new Submits({
			tasks,
			options,
			storage: () => ({ files, filesUrl: filesUrl(), nowMs: stage.clock.nowMs() }),
			context: () => this.context(),
			rateLimit: () => this.submits,
			hasKey: (call) => this.hasKey(call),
			checkKey: (call) => this.checkKey(call),
		});
	}

	context(): PredictionContext {
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

	private async prediction(call: Call): Promise<Answer> {
		if (this.polls && !this.polls.take()) throw new Refusal(429, 'rate limit exceeded');
		const { tasks, options, stage } = this.around;
		const id = decodeURIComponent(call.path.replace(/\/$/, '').split('/').pop() ?? '');
		if (call.otherRecord) return await predictionAnswer(tasks.otherThan(id), this.context());
		const task = tasks.find(id);
		if (!task) throw new Refusal(404, 'prediction not found');
		const { warmUp } = options;
		if (warmUp && stage.clock.nowMs() < task.record.createdAtMs + warmUp.seconds * 1000) {
			throw new Refusal(warmUp.status, 'prediction not found');
		}
		return await predictionAnswer(task, this.context());
	}

	private async history(call: Call): Promise<Answer> {
		return await historyAnswer(this.around.tasks.listed(), call.query, this.context());
	}

	private models(): Answer {
		return json(catalog(this.around.filesUrl(), this.around.options));
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
