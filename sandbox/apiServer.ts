import { json, Refusal, type Answer } from './answers';
import { balanceAnswer } from './balance';
import { catalog, openAiModels } from './catalog';
import type { Call, Handler, Stage } from './conversation';
import type { FileStore } from './fileStore';
import { historyAnswer } from './history';
import { RateLimit } from './limits';
import type { Origin } from './origin';
import { takeMultipart, uploadPart } from './multipart';
import { predictionAnswer, type PredictionContext } from './predictions';
import { Routes } from './routes';
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

	readonly routes: Routes;

	constructor(private readonly around: ApiParts) {
		this.routes = this.routesOf();
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

	private routesOf(): Routes {
		const lost: Handler = {
			// A wrong path answers 401 as well.
			work: () => {
				throw new Refusal(401, 'unauthorized');
			},
		};
		const routes = new Routes(this.around.stage, lost, takeMultipart);
		const get = (url: string, endpoint: Endpoint, work: Handler['work']): void =>
			routes.add(['GET'], url, endpoint, { work });
		const withKey = (work: Handler['work']): Handler['work'] => {
			return (call) => {
				this.checkKey(call);
				return work(call);
			};
		};
		routes.add(['POST'], '/api/v1/model/uploadMedia', 'upload', this.upload());
		const submits = this.submitHandlers();
		for (const type of ['Image', 'Video', 'Audio'])
			routes.add(['POST'], `/api/v1/model/generate${type}`, 'submit', submits.submit());
		routes.add(['POST'], '/api/v1/model/calculate', 'quote', submits.quote());
		get('/api/v1/webhooks/jwks.json', 'webhookKeys', () => json(this.around.webhooks.jwks()));
		const prediction = withKey((call) => this.prediction(call));
		// Atlas Cloud answers to all of these.
		for (const path of ['prediction/:id', 'prediction/:id/', 'result/:id', 'result/:id/'])
			get(`/api/v1/model/${path}`, 'prediction', prediction);
		const history = withKey((call) => this.history(call));
		get('/api/v1/model/history', 'history', history);
		const balance = withKey(({ requestId }) => balanceAnswer(this.around.stage.ledger.charges, requestId));
		get('/public/v1/balance', 'balance', balance);
		const openAi = withKey(() => json(openAiModels()));
		get('/v1/models', 'models', openAi);
		// Needs no key.
		get('/api/v1/models', 'models', () => this.models());
		return routes;
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
				const part = await uploadPart(call.request);
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
