import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import { AtlasClient } from '../../../nodes/AtlasCloud/api/http/client';
import { forgetLeftovers } from '../../../nodes/AtlasCloud/api/purchases/leftovers';
import { idInAnswer } from '../../../nodes/AtlasCloud/api/predictions/prediction';
import { WARM_UP_MS } from '../../../nodes/AtlasCloud/api/predictions/readPrediction';
import { Waiter } from '../../../nodes/AtlasCloud/api/predictions/waiter';
import type { Charge, Endpoint, Fault, FaultAction, Sandbox, SandboxHistory } from '../../../sandbox';
import {
	fastSandbox,
	picture,
	pictureOf,
	runSeedream,
	sha256,
	V4,
	type InputItem,
	type SeedreamOptions,
	type SeedreamResult,
} from '../seedream';
import { nextRound, retryManually } from '../retries';
import type { BinaryMode } from '../harness';
import { BUYERS } from './buyers';
import { GATEWAY_PAGE } from './cases';
import { READ_TIMEOUT_MS } from '../../../nodes/AtlasCloud/api/http/timeouts';
import { virtualTime, whereTimeJumps } from '../virtualTime';

/** Kills n8n while an execution runs: nothing of it is saved. */
interface Crash {
	/** So many submits are over by then; null: the node is through. */
	afterSubmits: number | null;
}

/** A batch and everything that happens to it. */
export interface Story {
	/** Per item which of three images it has, and how, and how many to make of it. Equal ones are edits of their own. */
	items: Array<{ picture: number; as: 'binary' | 'url'; prompt: number; images: number }>;
	/** The node and its operation. */
	buyer: keyof typeof BUYERS;
	isSubmitOnly: boolean;
	binaryMode: BinaryMode;
	faults: Fault[];
	/** Attempts that n8n makes; 1: Retry On Fail is off. */
	maxAttempts: number;
	stops: boolean;
	concurrency: number;
	/** Times that an execution comes to the node: a loop's rounds, or an agent's calls of its tool. */
	rounds: number;
	/** An agent's tool: one item a call, and a call that failed is made once more. */
	isTool: boolean;
	mayResubmit: boolean;
	/** At first two items that are the very same request get no answer. */
	losesEqual: boolean;
	history: SandboxHistory;
	/** How the history writes its rows. */
	rows: keyof typeof ROWS;
	/** Others' predictions that come while a page of the history is read, each time. */
	shifts: number;
	/** How far Atlas's clock is off, in seconds. */
	skewSeconds: number;
	/** How far n8n's clock is off in each run of the node, in turn, in seconds. None: it is right. */
	jumps: number[];
	warmUpSeconds: number;
	keepUploadNames: boolean;
	limitsUploads: boolean;
	/** Longer than the node waits. */
	isSlow: boolean;
	crash: Crash | null;
	/**
	 * What follows: a person retries one of the executions that have failed so far, or runs all items again in a new one,
	 * with Reuse Paid Results.
	 */
	retries: Array<{ which: number; crash: Crash | null; isRerun: boolean }>;
	/** At the end all items are run again with Reuse Paid Results, and the service is well. */
	endsWithRerun: boolean;
}

type Row = Record<string, unknown>;

const withRequest = (row: Row, more: object) => ({
	...row,
	requestBody: JSON.stringify({ ...(JSON.parse(String(row.requestBody)) as object), ...more }),
});

/** What a history may make of its rows. Those that no longer say what was asked for keep the node from buying. */
const ROWS: Record<string, (row: Row) => object> = {
	plain: (row) => row,
	parsed: (row) => ({ ...row, requestBody: JSON.parse(String(row.requestBody)) as object }),
	twice: (row) => ({ ...row, requestBody: JSON.stringify(row.requestBody) }),
	otherName: (row) => ({ ...row, model: 'seedream-4-0-250828' }),
	numericStatus: (row) => ({ ...row, status: 2 }),
	withDefaults: (row) => withRequest(row, { seed: -1, enable_safety_checker: true }),
	shortened: (row) => ({ ...row, requestBody: `${String(row.requestBody).slice(0, 60)}…` }),
	withoutRequest: (row) => ({ ...row, requestBody: undefined }),
	withoutId: (row) => ({ ...row, ID: undefined, result: { status: row.status } }),
	of1970: (row) => ({ ...row, createdAt: 86_400 }),
};

const CLEAR_ROWS: Array<Story['rows']> = ['plain', 'parsed', 'twice', 'otherName', 'numericStatus'];

/** How long the node waits for an edit, in seconds; of a slow service, less is waited for. */
const TIMEOUT_SECONDS = 120;
const SLOW_TIMEOUT_SECONDS = 30;

/** As long as a person may wait before all items are run again. */
const REUSE_HOURS = 24;

const PICTURES = 3;

const whenFor = fc.record({
	nth: fc.integer({ min: 1, max: 4 }),
	times: fc.constantFrom(1, 1, 2, 3, 6),
});

function faultOn(endpoint: Endpoint, actions: FaultAction[]): fc.Arbitrary<Fault> {
	return fc
		.tuple(fc.constantFrom(...actions), whenFor)
		.map(([action, when]) => ({ endpoint, action, ...when }));
}

const status = (code: number, extra: { handled?: boolean; page?: boolean } = {}): FaultAction => ({
	type: 'status',
	status: code,
	...(extra.page ? { body: GATEWAY_PAGE } : {}),
	...(extra.handled ? { handled: true } : {}),
});

const READ_TROUBLE: FaultAction[] = [
	{ type: 'resetBefore' },
	{ type: 'resetAfter' },
	{ type: 'delay', seconds: 2 },
	{ type: 'truncate' },
	{ type: 'malformedJson' },
	{ type: 'wrongTypes' },
	{ type: 'emptyObject' },
	status(429),
	status(500),
	status(502, { page: true }),
	status(503),
	status(404),
	...[200, 401, 402, 403, 404, 451].map((code) => status(code, { page: true })),
	...[-172_800, -3_600, -60, -8, 8, 60, 3_600, 172_800].map((skewSeconds): FaultAction => ({
		type: 'dateHeader',
		value: { skewSeconds },
	})),
	{ type: 'dateHeader', value: 'missing' },
	{ type: 'dateHeader', value: 'half past nine' },
];

const SUBMIT_TROUBLE: FaultAction[] = [
	...READ_TROUBLE,
	// An answer that is lost after the work is what this is about: it comes up more often.
	{ type: 'resetAfter' },
	{ type: 'resetAfter' },
	{ type: 'truncate' },
	status(500, { handled: true }),
	status(502, { handled: true, page: true }),
	status(504, { handled: true, page: true }),
	status(408, { handled: true, page: true }),
	status(429, { handled: true, page: true }),
	status(400, { page: true }),
	status(402),
	{ type: 'redirect', location: 'http://127.0.0.1:9/' },
	// One that fails and is bought anew, too.
	{ type: 'failTask', shape: 'status200' },
	{ type: 'failTask', shape: 'status200' },
	{ type: 'failTask', shape: 'http500' },
	{ type: 'failTask', shape: 'nsfw' },
	{ type: 'failTask', shape: 'moderation' },
	{ type: 'patchResult', patch: { outputs: ['http://169.254.169.254/'] } },
];

/** What a file host may say without a lie: after a lie, or a 404, a crashed purchase cannot be known by its input. */
const FILE_TROUBLE = READ_TROUBLE.filter(
	(action) =>
		!['malformedJson', 'wrongTypes', 'emptyObject'].includes(action.type) &&
		!(action.type === 'status' && action.status === 404 && !action.body),
);

/** What keeps a model's schema from being read. One that is read and lies is no trouble that anybody could see. */
const CATALOG_TROUBLE: FaultAction[] = [
	status(500),
	status(503, { page: true }),
	{ type: 'malformedJson' },
	{ type: 'emptyObject' },
	{ type: 'truncate' },
];

const unreadableSchema: fc.Arbitrary<Fault> = fc
	.oneof(faultOn('models', CATALOG_TROUBLE), faultOn('schema', CATALOG_TROUBLE))
	// Both attempts to read it.
	.map((fault) => ({ ...fault, times: 4 }));

/** A finished image that cannot be downloaded. */
const outputTrouble: fc.Arbitrary<Fault> = faultOn('file', [...READ_TROUBLE, { type: 'corruptPicture' }]).map(
	(fault) => ({ ...fault, match: '/outputs/' }),
);

/** Ends a run of the node, so that there is something to retry. */
const ending: fc.Arbitrary<Fault> = fc.oneof(
	faultOn('submit', [status(402)]),
	fc.nat({ max: 4 }).map((nth): Fault => ({
		endpoint: 'file',
		match: '/outputs/',
		nth: nth + 1,
		times: 4,
		action: { type: 'resetBefore' },
	})),
);

const sometimes = (weight: number) => fc.nat({ max: weight - 1 }).map((value) => value === 0);

const crashes: fc.Arbitrary<Crash | null> = fc.oneof(
	{ weight: 3, arbitrary: fc.constant(null) },
	{ weight: 1, arbitrary: fc.record({ afterSubmits: fc.constantFrom(null, 1, 2, 3) }) },
);

export const stories: fc.Arbitrary<Story> = fc.record({
	items: fc.array(
		fc.record({
			picture: fc.nat({ max: PICTURES - 1 }),
			as: fc.constantFrom('binary' as const, 'binary' as const, 'url' as const),
			prompt: fc.nat({ max: 1 }),
			images: fc.constantFrom(1, 1, 1, 2, 3),
		}),
		{ minLength: 1, maxLength: 5 },
	),
	buyer: fc.constantFrom<Array<Story['buyer']>>(
		'edit',
		'edit',
		'edit',
		'sequential',
		'video',
		'video',
		'run',
	),
	isSubmitOnly: sometimes(4),
	// Files on disk take most of the time.
	binaryMode: fc.constantFrom<BinaryMode[]>('default', 'default', 'default', 'filesystem'),
	faults: fc.array(
		fc.oneof(
			{ weight: 6, arbitrary: faultOn('submit', SUBMIT_TROUBLE) },
			{ weight: 2, arbitrary: faultOn('upload', READ_TROUBLE) },
			{ weight: 2, arbitrary: faultOn('prediction', READ_TROUBLE) },
			{ weight: 2, arbitrary: faultOn('history', READ_TROUBLE) },
			{ weight: 1, arbitrary: faultOn('file', FILE_TROUBLE) },
			{ weight: 1, arbitrary: outputTrouble },
			{ weight: 4, arbitrary: ending },
			{ weight: 1, arbitrary: unreadableSchema },
		),
		{ maxLength: 4 },
	),
	maxAttempts: fc.constantFrom(1, 1, 2, 3),
	stops: fc.constantFrom(true, true, false),
	concurrency: fc.constantFrom(1, 2, 20),
	rounds: fc.constantFrom(1, 1, 1, 2),
	isTool: sometimes(6),
	mayResubmit: sometimes(5),
	losesEqual: sometimes(8),
	history: fc.record({
		delaySeconds: fc.constantFrom(0, 0, 5, 90),
		foreignTasks: fc.constantFrom(0, 3),
		createdAtUnit: fc.constantFrom('seconds', 'seconds', 'milliseconds', 'iso', 'missing'),
		maxPageSize: fc.constantFrom(50, 50, 50, 20),
	}),
	rows: fc.oneof(
		{ weight: 3, arbitrary: fc.constant('plain') },
		{ weight: 2, arbitrary: fc.constantFrom(...Object.keys(ROWS)) },
	),
	shifts: fc.constantFrom(0, 0, 0, 1, 7),
	skewSeconds: fc.constantFrom(0, 0, -120, -8, 20, 45, -3_600, 3_600),
	jumps: fc.oneof(
		{ weight: 2, arbitrary: fc.constant<number[]>([]) },
		{
			weight: 1,
			arbitrary: fc.array(fc.constantFrom<number[]>(0, -3_600, 3_600, -600, 45), {
				minLength: 2,
				maxLength: 4,
			}),
		},
	),
	warmUpSeconds: fc.constantFrom(0, 10),
	keepUploadNames: fc.boolean(),
	limitsUploads: sometimes(6),
	isSlow: sometimes(16),
	crash: crashes,
	retries: fc.array(fc.record({ which: fc.nat({ max: 5 }), crash: crashes, isRerun: sometimes(6) }), {
		maxLength: 3,
	}),
	endsWithRerun: sometimes(5),
});

/** After so long, beside the history's delay, a request that was cut off has done what it does, in ms. */
const SETTLED_MS = 30_000;

/** So many tasks in an account's history are read quickly; with more, the next story gets an account of its own. */
const MAX_TASKS = 800;

/** An account has so many predictions of before its first story; of a time, in ms, that no search goes back to. */
const OLD_TASKS = 70;
const OLD_MS = 10 * 24 * 3_600_000;

/** What happened in the cases of a run; reported at its end. */
const NO_TALLY = {
	cases: 0,
	/** Purchases that were wanted, and those of them that were bought. */
	wanted: 0,
	bought: 0,
	/** Wanted edits that came out of the node. */
	delivered: 0,
	doubleCharges: 0,
	/** Bought again after an unknown, because Resubmit If Lost said so. */
	resubmitCharges: 0,
	lostIds: 0,
	/** Billed purchases whose ID no answer reported. */
	lostAnswers: 0,
	errors: 0,
	unknown: 0,
	executions: 0,
	crashes: 0,
	retries: 0,
	/** Of an execution that is not the last one. */
	retriesOfEarlier: 0,
	/** Of an execution that was retried before. */
	retriesOnceMore: 0,
	/** Runs of all items again with Reuse Paid Results, and predictions that they took. */
	reruns: 0,
	reused: 0,
	/** Stories of Atlas Cloud Models. */
	models: 0,
	/** Stories in which an item wants several images: by a prediction each, or all in one. */
	each: 0,
	together: 0,
	/** Rounds of a loop, and calls of a tool, after the first. */
	rounds: 0,
	calls: 0,
	/** Stories in which so it was, and came to bear. */
	equalLost: 0,
	jumps: 0,
	slow: 0,
	withoutNames: 0,
	oddRows: 0,
	shifted: 0,
};

export type Tally = typeof NO_TALLY;

/** IDs that a clean answer to a submit reported. */
const reportedIds = new Set<string>();

/** The longest wait for an edit beyond its time, in ms. */
export const longestWait = { overMs: -Infinity };

/**
 * Observes the IDs that the node receives while it submits and waits, and how long it waits. Without Jest's spies, which
 * keep all that they have seen: gigabytes in ten thousand stories.
 */
export function observeNode(): void {
	const { post } = AtlasClient.prototype;
	AtlasClient.prototype.post = async function (...request) {
		const exchange = await post.apply(this, request);
		const id = exchange.answer && exchange.answer.statusCode < 300 ? idInAnswer(exchange.answer) : null;
		if (id !== null) reportedIds.add(id);
		return exchange;
	};
	const { until } = Waiter.prototype;
	Waiter.prototype.until = async function (wait) {
		const startMs = virtualTime.nowMs();
		return await until.call(this, wait).finally(() => {
			// By the node's own clock, which may be off.
			const knownAtMs = wait.sentAtMs ?? wait.visibleByMs - WARM_UP_MS;
			const overMs = virtualTime.nowMs() - startMs - (wait.deadlineMs - knownAtMs);
			longestWait.overMs = Math.max(longestWait.overMs, overMs);
		});
	};
}

/** What no wait may go beyond its time by: a request's time. */
export const MAX_OVER_MS = READ_TIMEOUT_MS;

/** An execution as n8n keeps it. */
interface Saved {
	/** The run of the node that failed; null: nothing was saved, as before the first run. */
	failed: SeedreamResult | null;
	/** Rounds that were over by then, and the ids that they handed on. */
	rounds: number;
	returnedIds: string[];
}

const NOTHING: Saved = { failed: null, rounds: 0, returnedIds: [] };

interface Execution {
	/** What a person's retry starts from; null where it went well. */
	saved: Saved | null;
	isCrashed: boolean;
}

type Must = (holds: boolean, promise: string) => void;

type Wanted = Omit<Story['items'][number], 'prompt'> & {
	prompt: string;
	/** How many predictions it is, and how many images each of them makes. */
	predictions: number;
	imagesEach: number;
};

/** A story while it is played. */
interface Play {
	story: Story;
	wanted: Wanted[];
	rounds: number;
	/** The most items that ever came out of each round. */
	delivered: number[];
	must: Must;
}

/** What is called when the sandbox has answered, or its client is gone. */
interface Events {
	onSubmitOver: () => void;
	onHistoryOver: () => void;
}

/** So many predictions of others come in one story. */
const MAX_SHIFTS = 60;

/** One sandbox and its images, for many stories one after another. */
export class Stage {
	readonly tally: Tally = { ...NO_TALLY };

	private executionId = 4;

	private constructor(
		private readonly seed: number,
		private readonly photos: Buffer[],
		private sandbox: Sandbox,
		private urls: string[],
		private readonly events: Events,
	) {}

	static async open(seed: number): Promise<Stage> {
		const events: Events = { onSubmitOver: () => {}, onHistoryOver: () => {} };
		const photos = await Promise.all(
			['#e02020', '#20e020', '#2020e0'].slice(0, PICTURES).map(async (left) => await picture({ left })),
		);
		return new Stage(seed, photos, ...(await openAccount(seed, events)), events);
	}

	async close(): Promise<void> {
		await this.sandbox.close();
	}

	/** Runs a story in n8n's engine. @throws where a promise is broken */
	async play(story: Story): Promise<void> {
		if (this.sandbox.ledger.predictions.size > MAX_TASKS) {
			await this.sandbox.close();
			[this.sandbox, this.urls] = await openAccount(this.seed, this.events);
		}
		await whereTimeJumps(story.jumps, async () => await this.playHere(story));
	}

	private async playHere(story: Story): Promise<void> {
		const { sandbox, tally } = this;
		const { ledger } = sandbox;
		const name = createHash('sha256')
			.update(`${this.tally.cases}/${JSON.stringify(story)}`)
			.digest('hex')
			.slice(0, 12);
		const wanted = itemsOf(story).map((item) => wantedOf(item, name, story.buyer));
		this.setUp(story);
		const before = ledger.charges.length;
		const must: Must = (holds, promise) => {
			if (!holds) throw new Error(`${promise}\nsubmits: ${JSON.stringify(ledger.charges.slice(before))}`);
		};
		const play: Play = {
			story,
			wanted,
			rounds: story.rounds,
			delivered: [],
			must,
		};
		await this.runAll(play);
		sandbox.clearFaults();

		const charges = ledger.charges.slice(before);
		const lost = charges.filter(({ predictionId }) => !reportedIds.has(predictionId));
		tally.cases += 1;
		tally.wanted += countOf(wanted) * play.rounds;
		tally.bought += charges.length;
		tally.delivered += play.delivered.reduce((sum, count) => sum + count, 0);
		tally.lostAnswers += lost.length;
		const { severalImages } = BUYERS[story.buyer];
		if (severalImages === 'none') tally.models += 1;
		else if (wanted.some(({ images }) => images > 1)) tally[severalImages] += 1;
		if (story.jumps.length > 0) tally.jumps += 1;
		if (story.isSlow) tally.slow += 1;
		if (!story.keepUploadNames) tally.withoutNames += 1;
		if (story.rows !== 'plain') tally.oddRows += 1;
		if (story.shifts > 0) tally.shifted += 1;
		const prompts = new Set(wanted.map(({ prompt }) => prompt));
		must(
			charges.every(({ prompt }) => prompts.has(prompt)),
			'nothing else was bought',
		);
		for (const prompt of prompts) {
			const items = wanted.filter((item) => item.prompt === prompt);
			const maxWanted = play.rounds * countOf(items);
			const extra = Math.max(0, charges.filter((charge) => charge.prompt === prompt).length - maxWanted);
			// Only what nobody knew of may be sent once more, and only where the user took that risk.
			const lostHere = lost.filter((charge) => charge.prompt === prompt);
			const risked = story.mayResubmit ? Math.min(extra, lostHere.length) : 0;
			tally.bought -= extra;
			tally.resubmitCharges += risked;
			tally.doubleCharges += extra - risked;
			must(extra === risked, `charged no more than wanted for "${prompt}"`);
			if (hasEqual(lostHere)) tally.equalLost += 1;
		}
	}

	private setUp(story: Story): void {
		const { sandbox } = this;
		sandbox.clearFaults();
		sandbox.setOptions({
			predictSeconds: story.isSlow ? 3_000 : 1,
			history: { ...story.history, alter: ROWS[story.rows] },
			clockSkewSeconds: story.skewSeconds,
			warmUp: { seconds: story.warmUpSeconds, status: 404 },
			keepUploadNames: story.keepUploadNames,
			limits: story.limitsUploads ? { uploads: { perSecond: 1, burst: 1 } } : {},
		});
		const lost: Fault = { endpoint: 'submit', times: 2, action: { type: 'resetAfter' } };
		let shiftsLeft = story.shifts > 0 ? MAX_SHIFTS : 0;
		this.events.onHistoryOver = () => {
			for (let i = 0; i < story.shifts && shiftsLeft-- > 0; i++)
				sandbox.addForeignTask({ model: V4, prompt: 'another one’s', images: [] });
		};
		for (const fault of [...(story.losesEqual ? [lost] : []), ...faultsIn(story)]) sandbox.addFault(fault);
	}

	private optionsOf({ story, wanted }: Play, reuseHours: number): SeedreamOptions {
		const buyer = BUYERS[story.buyer];
		const continues = !story.stops && !story.isTool;
		// The engine's attempts of a tool are another thing: n8n makes them where the agent calls it.
		const maxAttempts = story.isTool ? 1 : story.maxAttempts;
		return {
			sandbox: this.sandbox,
			...(buyer.node ? { node: buyer.node } : {}),
			...(story.isTool ? { type: buyer.toolType } : {}),
			binaryMode: story.binaryMode,
			items: wanted.map((item): InputItem => this.inputOf(item)),
			parameters: buyer.parameters({
				isSubmitOnly: story.isSubmitOnly,
				options: { concurrency: story.concurrency, resubmitUnknown: story.mayResubmit, reuseHours },
				timeoutSeconds: story.isSlow ? SLOW_TIMEOUT_SECONDS : TIMEOUT_SECONDS,
			}),
			nodeExtras: {
				...(continues ? { onError: 'continueRegularOutput' as const } : {}),
				...(maxAttempts > 1 ? { retryOnFail: true, maxTries: maxAttempts, waitBetweenTries: 1 } : {}),
			},
		};
	}

	private inputOf({ picture: index, as, prompt, images }: Wanted): InputItem {
		return as === 'binary'
			? {
					json: { prompt, images, field: 'data', url: '' },
					files: { data: this.photos[index] ?? Buffer.alloc(0) },
				}
			: { json: { prompt, images, field: '', url: this.urls[index] } };
	}

	/** The execution, and what follows it. */
	private async runAll(play: Play): Promise<void> {
		const { story } = play;
		const { tally } = this;
		const failed: Array<{ saved: Saved; retries: number }> = [];
		let last = await this.execute(play, NOTHING, story.crash, 'run');
		if (last.saved) failed.push({ saved: last.saved, retries: 0 });
		for (const { which, crash, isRerun } of story.retries) {
			if (isRerun) {
				last = await this.rerun(play, crash);
				if (last.saved) failed.push({ saved: last.saved, retries: 0 });
				continue;
			}
			const picked = failed[which % Math.max(1, failed.length)];
			if (!picked) break;
			// Its record says that nothing was created: it buys anew, whatever others bought since. See docs/billing.md.
			const isLater = last.isCrashed || picked.saved !== last.saved;
			if (isLater && hasRefused(picked.saved)) continue;
			tally.retries += 1;
			if (picked.saved !== last.saved) tally.retriesOfEarlier += 1;
			if (picked.retries > 0) tally.retriesOnceMore += 1;
			picked.retries += 1;
			// What is not in the saved data is known from the history only. That shows it after a while.
			if (isLater) await this.settle(story);
			last = await this.execute(play, picked.saved, crash, 'retry');
			if (last.saved) failed.push({ saved: last.saved, retries: 0 });
		}
		if (story.endsWithRerun) await this.endWithRerun(play);
		// What is still on its way belongs to this story.
		else if (last.isCrashed) await virtualTime.sleepMs(SETTLED_MS);
	}

	/** Waits until the history shows all that was bought. */
	private async settle({ history }: Story): Promise<void> {
		await virtualTime.sleepMs((history.delaySeconds ?? 0) * 1_000 + SETTLED_MS);
	}

	/** A new execution of all items, with Reuse Paid Results. */
	private async rerun(play: Play, crash: Crash | null): Promise<Execution> {
		await this.settle(play.story);
		this.tally.reruns += 1;
		return await this.execute(play, NOTHING, crash, 'rerun');
	}

	private async endWithRerun(play: Play): Promise<void> {
		const { story, must } = play;
		this.sandbox.clearFaults();
		const { saved } = await this.rerun(play, null);
		// A result that nobody can download stays one, and a slow one is not waited for.
		const isClear = CLEAR_ROWS.includes(story.rows) && story.shifts === 0;
		const canSucceed =
			isClear && !story.isSlow && story.faults.every(({ action }) => action.type !== 'patchResult');
		must(saved === null || !canSucceed, 'a run with Reuse Paid Results returns what is missing');
	}

	/** Goes on from what was saved, round by round, until all is done, a round fails or n8n crashes. */
	private async execute(
		play: Play,
		saved: Saved,
		crash: Crash | null,
		how: 'run' | 'retry' | 'rerun',
	): Promise<Execution> {
		const { story, wanted, must } = play;
		const { tally } = this;
		const { ledger } = this.sandbox;
		const before = ledger.charges.length;
		let isCrashed = false;
		const cancelWhen = crash
			? this.submitsOver(crash.afterSubmits).then(() => (isCrashed = true))
			: undefined;
		const options: SeedreamOptions = {
			...this.optionsOf(play, how === 'rerun' ? REUSE_HOURS : 0),
			executionId: `${++this.executionId}`,
			...(how === 'retry' ? { mode: 'retry' as const } : {}),
			...(cancelWhen ? { cancelWhen } : {}),
		};
		tally.executions += 1;
		// An agent whose execution is retried makes its calls again, and gets again what they returned.
		const returnedIds = story.isTool ? [] : [...saved.returnedIds];
		const said: string[] = [];
		let callsLeft = story.isTool ? 1 : 0;
		let { rounds } = saved;
		let result = saved.failed ? await retryManually(saved.failed, options) : await runSeedream(options);
		for (;;) {
			const { message, description, messages } = result.error ?? {};
			said.push(JSON.stringify([result.json, message, description, messages]));
			if (how === 'rerun') tally.reused += reusedIn(result);
			if (isCrashed) break;
			if (result.error) {
				tally.errors += 1;
				if (callsLeft-- <= 0) break;
				tally.calls += 1;
			} else {
				const ids = await this.checkItems(story, wanted, result.out, must);
				returnedIds.push(...ids);
				must(new Set(returnedIds).size === returnedIds.length, 'no prediction is returned twice');
				play.delivered[rounds] = Math.max(play.delivered[rounds] ?? 0, ids.length);
				if (++rounds >= play.rounds) break;
				if (story.isTool) tally.calls += 1;
				else tally.rounds += 1;
			}
			result = await nextRound(result, options);
		}
		if (crash) {
			// What the process knew is lost with it.
			forgetLeftovers();
			tally.crashes += 1;
			return { saved, isCrashed: true };
		}
		this.checkIds(ledger.charges.slice(before), result, said.join(), story, must);
		const { error } = result;
		return { saved: error ? { failed: result, rounds, returnedIds } : null, isCrashed: false };
	}

	/** Every id that this execution paid for is known to somebody. */
	private checkIds(
		charges: Charge[],
		result: SeedreamResult,
		said: string,
		{ mayResubmit }: Story,
		must: Must,
	): void {
		const { tally } = this;
		const kept = JSON.stringify(result.run.data.executionData?.contextData ?? {});
		const isUnknown =
			/unknown|unclear whether|Couldn’t confirm whether|(One|Several) predictions? could|may have been accepted and billed/.test(
				said,
			);
		if (isUnknown) tally.unknown += 1;
		const unreported = charges.filter(
			({ predictionId }) => !said.includes(predictionId) && !kept.includes(predictionId),
		);
		// What is unknown has no id: then it is said, as often as there are ids that nobody knows.
		const count = (text: string) => kept.split(text).length - 1;
		const saidUnknown = count('"state":"lost"') + (mayResubmit ? count('"wasResubmitted":true') : 0);
		tally.lostIds += Math.max(0, unreported.length - saidUnknown);
		must(
			unreported.length <= saidUnknown,
			`every charged ID is reported, kept, or said to be unknown\n${said}\n${kept}`,
		);
		if (!result.error || mayResubmit) return;
		must(
			isUnknown || charges.every(({ predictionId }) => said.includes(predictionId)),
			`the thrown error includes the charged IDs, or says that they are unknown\n${said}\n${kept}`,
		);
	}

	/** Resolves when the sandbox is through with so many submits. */
	private async submitsOver(count: number | null): Promise<void> {
		let over = 0;
		await new Promise<void>((resolve) => {
			this.events.onSubmitOver = () => {
				if (++over === count) resolve();
			};
		});
	}

	/** @returns the ids of the edits that came out */
	private async checkItems(
		story: Story,
		wanted: Wanted[],
		out: INodeExecutionData[],
		must: Must,
	): Promise<string[]> {
		const paired = out.map(({ pairedItem }) => (pairedItem as { item: number }).item);
		must(
			paired.every((item, i) => item >= (paired[i - 1] ?? 0)) && new Set(paired).size === wanted.length,
			`items for each input, in order, paired: ${JSON.stringify(paired)}`,
		);
		const ids = await Promise.all(
			wanted.map(async (item, i) => {
				const rows = out.filter((_row, nth) => paired[nth] === i);
				return await this.checkItem(story, item, i, rows, must);
			}),
		);
		return ids.flat();
	}

	/** @returns the ids of one item's edits */
	private async checkItem(
		story: Story,
		item: Wanted,
		i: number,
		rows: INodeExecutionData[],
		must: Must,
	): Promise<string[]> {
		const done = rows.filter(({ json }) => !json.error);
		const errors = rows.slice(done.length).map(({ json }) => json.error as IDataObject | undefined);
		this.tally.errors += errors.length;
		must(
			errors.length <= 1 && errors.every((error) => typeof error?.message === 'string'),
			`an error says what happened to item ${i}, after what came of it`,
		);
		const rowsEach = story.isSubmitOnly ? 1 : item.imagesEach;
		const allRows = item.predictions * rowsEach;
		must(
			done.length % rowsEach === 0 && (errors.length > 0 ? done.length < allRows : done.length === allRows),
			`item ${i} has its ${allRows} edits, or an error: ${done.length}`,
		);
		const ids: string[] = [];
		for (const [nth, row] of done.entries()) {
			const id = String(row.json.predictionId);
			const image = nth % rowsEach;
			if (image === 0) ids.push(id);
			must(ids.at(-1) === id, `the images of one prediction of item ${i} are beside each other`);
			await this.checkEdit(story, item, i, row, image, must);
		}
		return ids;
	}

	/** @param image which of its prediction's */
	private async checkEdit(
		story: Story,
		{ prompt, as, picture: index, imagesEach }: Wanted,
		i: number,
		row: INodeExecutionData,
		image: number,
		must: Must,
	): Promise<void> {
		const { ledger } = this.sandbox;
		const made = ledger.predictions.get(String(row.json.predictionId));
		must(made?.prompt === prompt && !made.foreign, `item ${i} has its own edit`);
		const body = (made?.body as IDataObject | undefined) ?? {};
		must(Number(body.max_images ?? 1) === imagesEach, `item ${i} asked for its number of images`);
		const input = BUYERS[story.buyer].imageIn(body);
		const photo = this.photos[index] ?? Buffer.alloc(0);
		const isOwnImage =
			as === 'url'
				? input === this.urls[index]
				: ledger.uploads.find(({ url }) => url === input)?.sha256 === sha256(photo);
		must(isOwnImage, `item ${i} was edited from its own image`);
		if (story.isSubmitOnly) return;
		must(
			sha256(await pictureOf(row)) === made?.outputSha256[image],
			`item ${i} holds the image that was made`,
		);
	}
}

async function openAccount(seed: number, events: Events): Promise<[Sandbox, string[]]> {
	const sandbox = await fastSandbox({
		clock: virtualTime,
		seed,
		preparedMedia: true,
		onRequestOver({ endpoint }) {
			if (endpoint === 'submit') events.onSubmitOver();
			if (endpoint === 'history') events.onHistoryOver();
		},
	});
	// Pages of any size reach back to predictions of before the story.
	for (let i = 0; i < OLD_TASKS; i++)
		sandbox.addForeignTask(
			{ model: V4, prompt: `an old one ${i}`, images: [] },
			virtualTime.nowMs() - OLD_MS,
		);
	const urls = Array.from({ length: PICTURES }, (_, i) => {
		const id = sandbox.addForeignTask({ model: V4, prompt: `a picture at an address ${i}`, images: [] });
		return sandbox.ledger.predictions.get(id)?.outputs[0] ?? '';
	});
	return [sandbox, urls];
}

/** How many predictions items want. */
function countOf(wanted: Wanted[]): number {
	return wanted.reduce((sum, { predictions }) => sum + predictions, 0);
}

function wantedOf(item: Story['items'][number], name: string, buyer: Story['buyer']): Wanted {
	const { severalImages } = BUYERS[buyer];
	const images = severalImages === 'none' ? 1 : item.images;
	const isEach = severalImages === 'each';
	return {
		...item,
		images,
		prompt: `${name} wish ${item.prompt}`,
		predictions: isEach ? images : 1,
		imagesEach: isEach ? 1 : images,
	};
}

function itemsOf({ items, isTool, losesEqual }: Story): Story['items'] {
	if (isTool) return items.slice(0, 1);
	const equal = { ...items[0], as: 'url' as const };
	return losesEqual ? [equal, equal, ...items.slice(1)] : items;
}

/** What reports a result as deleted has it bought again where results are reused, and so it should. */
function faultsIn({ faults, retries, endsWithRerun }: Story): Fault[] {
	const isDeleted = ({ endpoint, action }: Fault) =>
		endpoint === 'file' && action.type === 'status' && action.status === 404;
	const reuses = endsWithRerun || retries.some(({ isRerun }) => isRerun);
	return faults.filter((fault) => !reuses || !isDeleted(fault));
}

/** Whether the record of an item says that Atlas created nothing. */
function hasRefused({ failed }: Saved): boolean {
	return JSON.stringify(failed?.run.data.executionData?.contextData ?? {}).includes('"state":"refused"');
}

/** How many predictions of an execution were bought by another one. */
function reusedIn({ run }: SeedreamResult): number {
	const kept = JSON.stringify(run.data.executionData?.contextData ?? {});
	return kept.split('"origin":"reused"').length - 1;
}

/** Whether two of them are the very same request. */
function hasEqual(charges: Charge[]): boolean {
	return new Set(charges.map(({ body }) => JSON.stringify(body))).size < charges.length;
}
