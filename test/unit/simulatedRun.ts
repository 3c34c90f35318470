import { PNG } from '../../nodes/AtlasCloud/api/files/kinds';
import { RemoteContent } from '../../nodes/AtlasCloud/api/files/remote';
import { Uploads, type InputFile } from '../../nodes/AtlasCloud/api/files/uploads';
import type { HttpRequest } from '../../nodes/AtlasCloud/api/http/http';
import { PredictionPoller } from '../../nodes/AtlasCloud/api/predictions/poller';
import { Flights, type HeldBackBy } from '../../nodes/AtlasCloud/api/purchases/flights';
import { Intents } from '../../nodes/AtlasCloud/api/purchases/intents';
import { Purchases } from '../../nodes/AtlasCloud/api/purchases/purchases';
import { Reuse } from '../../nodes/AtlasCloud/api/purchases/reuse';
import { Submits } from '../../nodes/AtlasCloud/api/purchases/submits';
import { clientOf, FakeHttp, type FakeAnswer } from './fakeHttp';
import { idealMs, seededRandom, type ServiceSettings } from './simulatedService';
import { VirtualClock } from './virtualClock';

/*
 * The node's own purchases and polls, on the virtual clock: what the benchmark measures, without a processor in the
 * way. A miss here is the algorithm's.
 */

export interface RunSettings extends ServiceSettings {
	/** Per process. */
	items: number;
	/** The option Concurrency. Unset means automatic. */
	concurrency?: number;
	/** On the same account, each with a memory of its own. */
	processes?: number;
	/** How long a request travels each way, in ms. */
	travelMs?: [min: number, max: number];
	/** For this share of its work a prediction is still called `created`, as in the sandbox. */
	createdShare?: number;
}

export interface RunResult {
	/** Until the last end was noticed, over what a scheduler needs that knows the service. */
	ratio: number;
	pollsPerPrediction: number;
	maxPollsPerSecond: number;
	/** Share of the submits that were answered 429. */
	refusedShare: number;
	/** Waiting at the service or running there, at most. */
	maxInFlight: number;
	/** From a prediction's end until the node knew. */
	meanLagMs: number;
	/** Each process's share of what ended while all had some left to submit. */
	shares: number[];
	heldBackBy: HeldBackBy[];
	peaks: number[];
}

interface Task {
	id: string;
	process: number;
	createdAtMs: number;
	startedAtMs: number | null;
	completedAtMs: number | null;
	workMs: number;
}

const MODEL = 'bytedance/seedream-v5.0-lite/edit';

/** The wire of the service, as far as a batch of edits uses it. */
class Atlas {
	readonly tasks = new Map<string, Task>();

	readonly polledAtMs: number[] = [];

	submits = 0;

	refused = 0;

	maxInFlight = 0;

	private readonly waiting: Task[] = [];

	private readonly random: () => number;

	private running = 0;

	private atOnce: number;

	constructor(
		private readonly clock: VirtualClock,
		private readonly settings: RunSettings,
	) {
		this.random = seededRandom(settings.seed ?? 1);
		this.atOnce = settings.atOnce;
		const startMs = clock.nowMs();
		for (const { atMs, atOnce } of settings.changes ?? []) {
			void clock.sleepMs(startMs + atMs - clock.nowMs()).then(() => {
				this.atOnce = atOnce;
				this.startWaiting();
			});
		}
	}

	httpOf(process: number): FakeHttp {
		return new FakeHttp(async (request) => {
			await this.travel();
			const answer = this.answer(process, request);
			await this.travel();
			return answer;
		});
	}

	private async travel(): Promise<void> {
		const [min, max] = this.settings.travelMs ?? [2, 6];
		await this.clock.sleepMs(min + (max - min) * this.random());
	}

	private answer(process: number, { method, url }: HttpRequest): FakeAnswer {
		const id = url.split('/').at(-1) ?? '';
		if (id === 'uploadMedia')
			return { json: { code: 200, data: { download_url: `https://f.test/${this.random()}` } } };
		if (method === 'POST') return this.submit(process);
		this.polledAtMs.push(this.clock.nowMs());
		const task = this.tasks.get(id);
		return task ? { json: { code: 200, data: this.recordOf(task) } } : { statusCode: 404 };
	}

	private submit(process: number): FakeAnswer {
		const { refusesMore, workMs, jitter = 0 } = this.settings;
		this.submits++;
		if (refusesMore && this.running >= this.atOnce) {
			this.refused++;
			return { statusCode: 429, json: { code: 429, msg: 'rate limit exceeded' } };
		}
		const task: Task = {
			id: `p${this.tasks.size}`,
			process,
			createdAtMs: this.clock.nowMs(),
			startedAtMs: null,
			completedAtMs: null,
			workMs: workMs * (1 + jitter * (2 * this.random() - 1)),
		};
		this.tasks.set(task.id, task);
		this.waiting.push(task);
		this.startWaiting();
		this.maxInFlight = Math.max(this.maxInFlight, this.running + this.waiting.length);
		return { json: { code: 200, data: this.recordOf(task) } };
	}

	private startWaiting(): void {
		while (this.running < this.atOnce && this.waiting.length > 0)
			void this.work(this.waiting.shift() as Task);
	}

	private async work(task: Task): Promise<void> {
		this.running++;
		task.startedAtMs = this.clock.nowMs();
		await this.clock.sleepMs(task.workMs);
		task.completedAtMs = this.clock.nowMs();
		this.running--;
		this.startWaiting();
	}

	private recordOf(task: Task): object {
		const { id, createdAtMs, completedAtMs, workMs } = task;
		const { tellsWork } = this.settings;
		const status = this.statusOf(task);
		const base = { id, model: MODEL, status, outputs: null };
		if (completedAtMs === null) return base;
		const times = {
			created_at: new Date(createdAtMs).toISOString(),
			completed_at: new Date(completedAtMs).toISOString(),
			metrics: { predict_time: workMs / 1_000 },
		};
		return { ...base, outputs: ['https://f.test/a.png'], ...(tellsWork ? times : {}) };
	}

	private statusOf({ startedAtMs, completedAtMs, workMs }: Task): string {
		const { tellsStatus, createdShare = 0 } = this.settings;
		if (completedAtMs !== null) return 'completed';
		if (!tellsStatus) return 'processing';
		const isWorking = startedAtMs !== null && this.clock.nowMs() >= startedAtMs + createdShare * workMs;
		return isWorking ? 'processing' : 'created';
	}
}

let accounts = 0;

/** One execution of a batch of edits. */
class Run {
	readonly knownAtMs = new Map<string, number>();

	readonly flights: Flights;

	private readonly purchases: Purchases;

	constructor(
		private readonly clock: VirtualClock,
		http: FakeHttp,
		hardLimit: number | null,
	) {
		const client = clientOf(http, clock);
		const intents = new Intents({}, { executionId: '1', runIndex: 0, isTool: false });
		const content = new RemoteContent(client, undefined);
		// Other processes know nothing of this one.
		const account = `simulated ${accounts++}`;
		this.flights = new Flights({ account, hardLimit, clock, signal: undefined });
		this.purchases = new Purchases({
			client,
			intents,
			uploads: new Uploads(client, { executionId: '1', nodeTag: '0123abcd', runIndex: 0 }, undefined),
			submits: new Submits(client, intents, undefined),
			poller: new PredictionPoller(client),
			recovery: null,
			reuse: new Reuse(client, content, intents),
			flights: this.flights,
			signal: undefined,
			onFault: () => {},
		});
	}

	async buy(items: number): Promise<void> {
		await Promise.all(Array.from({ length: items }, async (_, index) => await this.buyOne(index)));
	}

	private async buyOne(itemIndex: number): Promise<void> {
		const { bought } = await this.purchases.submitAndWait({
			itemIndex,
			model: MODEL,
			endpoint: '/api/v1/model/generateImage',
			body: { model: MODEL, prompt: `edit number ${itemIndex}`, size: '2496*1664' },
			headers: {},
			timeoutMs: 3_600_000,
			mayResubmit: false,
			inputs: [{ path: ['images', 0], file: photo(itemIndex) }],
			reuseHours: 0,
			failsOnTimeout: true,
		});
		this.knownAtMs.set(bought.predictionId, this.clock.nowMs());
	}
}

function photo(index: number): InputFile {
	return {
		fieldName: 'data',
		fileName: null,
		kind: PNG,
		sizeBytes: 10,
		storedId: `photo ${index}`,
		async *open() {
			yield await Promise.resolve(Buffer.from(`photo ${index}`));
		},
	};
}

/** Runs a batch, or one in each of several processes. */
export async function simulateRun(settings: RunSettings): Promise<RunResult> {
	// Pauses after refusals are random.
	const random = jest.spyOn(Math, 'random').mockImplementation(seededRandom(settings.seed ?? 1));
	return await simulate(settings).finally(() => random.mockRestore());
}

async function simulate(settings: RunSettings): Promise<RunResult> {
	const clock = new VirtualClock();
	const startMs = clock.nowMs();
	const atlas = new Atlas(clock, settings);
	const runs = Array.from(
		{ length: settings.processes ?? 1 },
		(_, process) => new Run(clock, atlas.httpOf(process), settings.concurrency ?? null),
	);
	await clock.until(Promise.all(runs.map(async (run) => await run.buy(settings.items))));
	const tasks = [...atlas.tasks.values()];
	const knownAtMs = new Map(runs.flatMap((run) => [...run.knownAtMs]));
	const lagsMs = tasks.map(({ id, completedAtMs }) => (knownAtMs.get(id) ?? NaN) - (completedAtMs ?? NaN));
	const workTimes = tasks.map(({ workMs }) => workMs);
	const summaries = runs.map(({ flights }) => flights.summary());
	return {
		ratio: (Math.max(...knownAtMs.values()) - startMs) / idealMs(settings, workTimes),
		pollsPerPrediction: atlas.polledAtMs.length / tasks.length,
		maxPollsPerSecond: maxPerSecond(atlas.polledAtMs),
		refusedShare: atlas.refused / atlas.submits,
		maxInFlight: atlas.maxInFlight,
		meanLagMs: lagsMs.reduce((sum, lag) => sum + lag, 0) / lagsMs.length,
		shares: sharesOf(tasks, runs.length),
		heldBackBy: summaries.map(({ heldBackBy }) => heldBackBy),
		peaks: summaries.map(({ peak }) => peak),
	};
}

function maxPerSecond(timesMs: number[]): number {
	const sorted = [...timesMs].sort((a, b) => a - b);
	let from = 0;
	let most = 0;
	sorted.forEach((ms, index) => {
		while (sorted[from] <= ms - 1_000) from++;
		most = Math.max(most, index - from + 1);
	});
	return most;
}

function sharesOf(tasks: Task[], processes: number): number[] {
	const own = Array.from({ length: processes }, (_, process) =>
		tasks.filter((task) => task.process === process),
	);
	const fromMs = Math.max(...own.map((all) => all[0].createdAtMs));
	const toMs = Math.min(...own.map((all) => all[all.length - 1].createdAtMs));
	const counts = own.map(
		(all) =>
			all.filter(
				({ completedAtMs }) => completedAtMs !== null && completedAtMs >= fromMs && completedAtMs <= toMs,
			).length,
	);
	const total = counts.reduce((sum, count) => sum + count, 0);
	return counts.map((count) => count / total);
}
