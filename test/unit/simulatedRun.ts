import { PNG } from '../../nodes/AtlasCloud/api/files/kinds';
import type { InputFile } from '../../nodes/AtlasCloud/api/files/uploads';
import { sha256 } from '../../nodes/AtlasCloud/api/hash';
import type { HttpRequest } from '../../nodes/AtlasCloud/api/http/http';
import { Places, type HeldBackBy } from '../../nodes/AtlasCloud/api/pace/places';
import { Waiter } from '../../nodes/AtlasCloud/api/predictions/waiter';
import { buy } from '../../nodes/AtlasCloud/api/purchases/buy';
import type { PurchaseTools } from '../../nodes/AtlasCloud/api/purchases/tools';
import { clientOf, FakeHttp, type FakeAnswer } from './fakeHttp';
import { toolsOf } from './purchaseTools';
import {
	idealMs,
	seededRandom,
	sharesOf,
	SimulatedService,
	type ServiceSettings,
	type SimulatedTask,
} from './simulatedService';
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
	/** None: every request for it fails. */
	history?: SimulatedHistory;
}

/** How the account's history differs from what polls tell. By default it tells the same. */
export interface SimulatedHistory {
	/** It shows a new task so much later, and an end. */
	hiddenMs?: number;
	lagMs?: number;
	withoutResult?: boolean;
	/** For each task there is one of another model, whatever is asked for. */
	ignoresFilters?: boolean;
	pageSize?: number;
	fails?: 'page' | 'status';
	/** It shows another account's tasks. */
	isForeign?: boolean;
	/** Each row has the result of the next one. */
	isMixedUp?: boolean;
}

export interface RunResult {
	/** Predictions that were billed. */
	charges: number;
	/** Items with another prediction's image. */
	wrong: number;
	/** What n8n's log says. */
	notices: string[];
	/** Until the last end was noticed, over what a scheduler needs that knows the service. */
	ratio: number;
	pollsPerPrediction: number;
	maxPollsPerSecond: number;
	/** Share of the submits that were answered 429. */
	refusedShare: number;
	/** From a prediction's end until the node knew. */
	meanLagMs: number;
	/** Each process's share of what ended while all had some left to submit. */
	shares: number[];
	heldBackBy: Array<HeldBackBy | 'rate'>;
	peaks: number[];
}

const MODEL = 'bytedance/seedream-v5.0-lite/edit';

/** The wire of the service, as far as a batch of edits uses it. */
class Atlas {
	readonly service: SimulatedService;

	/** Requests to look, of both kinds. */
	readonly polledAtMs: number[] = [];

	private readonly tasks = new Map<string, SimulatedTask>();

	private readonly random: () => number;

	constructor(
		private readonly clock: VirtualClock,
		private readonly settings: RunSettings,
	) {
		this.service = new SimulatedService(clock.agenda, settings);
		this.random = seededRandom((settings.seed ?? 1) + 1_000);
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
			return { json: { code: 200, data: { download_url: `https://f.test/${this.random()}/${uploads++}` } } };
		if (method === 'POST') return this.submit(process);
		this.polledAtMs.push(this.clock.nowMs());
		if (url.includes('/model/history?')) return this.historyPage(new URL(url).searchParams);
		const task = this.tasks.get(id);
		return task ? { json: { code: 200, data: this.recordOf(task) } } : { statusCode: 404 };
	}

	private submit(process: number): FakeAnswer {
		const task = this.service.submit(process);
		if (!task) return { statusCode: 429, json: { code: 429, msg: 'rate limit exceeded' } };
		this.tasks.set(task.id, task);
		return { json: { code: 200, data: this.recordOf(task) } };
	}

	private historyPage(query: URLSearchParams): FakeAnswer {
		const { history = { fails: 'status' } } = this.settings;
		const { fails, hiddenMs = 0, lagMs = 0, pageSize = 50, isForeign, ignoresFilters, isMixedUp } = history;
		if (fails === 'page') return { chunks: [Buffer.from('<html>')] };
		if (fails) return { statusCode: 500, json: { code: 500, msg: 'no' } };
		const nowMs = this.clock.nowMs();
		const shown = this.service.tasks.filter(({ createdAtMs }) => nowMs >= createdAtMs + hiddenMs).reverse();
		const rows = shown.flatMap((task, index) => {
			const completedAtMs =
				task.completedAtMs !== null && nowMs >= task.completedAtMs + lagMs ? task.completedAtMs : null;
			const id = isForeign ? `foreign-${task.id}` : task.id;
			const record = this.recordOf({ ...task, id, completedAtMs });
			const result = isMixedUp ? this.recordOf(shown[(index + 1) % shown.length]) : record;
			const row = { ID: id, model: MODEL, createdAt: task.createdAtMs / 1_000, status: record.status };
			const other = {
				ID: `other-${task.id}`,
				model: 'm',
				status: 'completed',
				result: { id: `other-${task.id}` },
			};
			const own = history.withoutResult ? row : { ...row, result };
			return ignoresFilters ? [other, own] : [own];
		});
		const from = (Number(query.get('no')) - 1) * pageSize;
		const items = rows.slice(from, from + pageSize);
		return { json: { code: 200, data: { items, total: rows.length, pageSize } } };
	}

	private recordOf(task: SimulatedTask) {
		const base = { id: task.id, model: MODEL, status: this.service.statusOf(task), outputs: null };
		if (task.completedAtMs === null) return base;
		const { createdAt, completedAt, predictTimeSeconds } = this.service.recordedTimes(task);
		const told = {
			created_at: createdAt,
			completed_at: completedAt,
			metrics: { predict_time: predictTimeSeconds },
		};
		return { ...base, ...told, outputs: [`https://f.test/${task.id}.png`] };
	}
}

let uploads = 0;
let accounts = 0;

/** One execution of a batch of edits. */
class Run {
	readonly knownAtMs = new Map<string, number>();

	readonly notices: string[] = [];

	wrong = 0;

	readonly places: Places;

	private readonly tools: PurchaseTools;

	constructor(
		private readonly clock: VirtualClock,
		http: FakeHttp,
		hardLimit: number | null,
	) {
		// Other processes know nothing of this one.
		this.places = new Places({ account: `simulated ${accounts++}`, hardLimit, clock, signal: undefined });
		const client = clientOf(http, clock);
		const waiter = new Waiter(client, undefined, (notice) => this.notices.push(notice));
		this.tools = toolsOf(client, { places: this.places, waiter });
	}

	async buy(items: number): Promise<void> {
		await Promise.all(Array.from({ length: items }, async (_, index) => await this.buyOne(index)));
	}

	private async buyOne(itemIndex: number): Promise<void> {
		const bought = await buy(
			this.tools,
			{
				itemIndex,
				model: MODEL,
				endpoint: '/api/v1/model/generateImage',
				body: { model: MODEL, prompt: `edit number ${itemIndex}`, size: '2496*1664' },
				headers: {},
				timeoutMs: 36_000_000,
				mayResubmit: false,
				inputs: [{ path: ['images', 0], file: photo(itemIndex) }],
				reuseHours: 0,
				keepHours: 336,
				failsOnTimeout: true,
			},
			'wait',
		);
		this.knownAtMs.set(bought.predictionId, this.clock.nowMs());
		const [output] = bought.prediction?.outputs ?? [];
		if (!JSON.stringify(output ?? null).includes(`/${bought.predictionId}.png`)) this.wrong++;
	}
}

function photo(index: number): InputFile {
	return {
		fieldName: 'data',
		fileName: null,
		kind: PNG,
		content: {
			sizeBytes: 10,
			sha256: sha256(`photo ${index}`),
			hold: async () => await Promise.resolve(() => {}),
			release: () => {},
			async *open() {
				yield await Promise.resolve(Buffer.from(`photo ${index}`));
			},
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
	const clock = new VirtualClock(undefined, true);
	const startMs = clock.nowMs();
	const atlas = new Atlas(clock, settings);
	const runs = Array.from(
		{ length: settings.processes ?? 1 },
		(_, process) => new Run(clock, atlas.httpOf(process), settings.concurrency ?? null),
	);
	await clock.until(Promise.all(runs.map(async (run) => await run.buy(settings.items))));
	const { tasks, refused } = atlas.service;
	const knownAtMs = new Map(runs.flatMap((run) => [...run.knownAtMs]));
	const lagsMs = tasks.map(({ id, completedAtMs }) => (knownAtMs.get(id) ?? NaN) - (completedAtMs ?? NaN));
	const workTimes = tasks.map(({ workMs }) => workMs);
	const summaries = runs.map(({ places }) => places.summary());
	return {
		charges: tasks.length,
		wrong: runs.reduce((sum, { wrong }) => sum + wrong, 0),
		notices: runs.flatMap(({ notices }) => notices),
		ratio: (Math.max(...knownAtMs.values()) - startMs) / idealMs(settings, workTimes),
		pollsPerPrediction: atlas.polledAtMs.length / tasks.length,
		maxPollsPerSecond: maxPerSecond(atlas.polledAtMs),
		refusedShare: refused / (refused + tasks.length),
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
