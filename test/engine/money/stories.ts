import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { IDataObject, INodeExecutionData, INodeType } from 'n8n-workflow';
import { AtlasClient } from '../../../nodes/AtlasCloud/api/http/client';
import { READ_TIMEOUT_MS } from '../../../nodes/AtlasCloud/api/http/http';
import { idInAnswer } from '../../../nodes/AtlasCloud/api/predictions/prediction';
import { WARM_UP_MS } from '../../../nodes/AtlasCloud/api/predictions/readPrediction';
import { Waiter } from '../../../nodes/AtlasCloud/api/predictions/waiter';
import { forgetLeftovers } from '../../../nodes/AtlasCloud/api/purchases/leftovers';
import type { Charge, Endpoint, Fault, FaultAction, Sandbox, SandboxHistory } from '../../../sandbox';
import type { BinaryMode } from '../harness';
import { cut, otherName, parsed, twice, withDefaults, withoutRequest, type HistoryRow } from '../../oddRows';
import { nextRound, retryManually } from '../retries';
import { fastSandbox, picture, pictureOf, runSeedream, sha256, V4, type SeedreamOptions } from '../seedream';
import type { InputItem, SeedreamResult } from '../seedream';
import { virtualTime, whereTimeJumps } from '../virtualTime';
import { BUYERS } from './buyers';
import { GATEWAY_PAGE } from './cases';

/** What a history may make of its rows. Those that no longer say what was asked for keep the node from buying. */
const ROWS: Record<string, (row: HistoryRow) => object> = {
	plain: (row) => row,
	parsed,
	twice,
	otherName,
	numericStatus: (row) => ({ ...row, status: 2 }),
	withDefaults,
	shortened: cut(60),
	withoutRequest,
	withoutId: (row) => ({ ...row, ID: undefined, result: { status: row.status } }),
	of1970: (row) => ({ ...row, createdAt: 86_400 }),
};

const CLEAR_ROWS = ['plain', 'parsed', 'twice', 'otherName', 'numericStatus'];

const COLORS = ['#e02020', '#20e020', '#2020e0'];

function faultOn(endpoint: Endpoint, actions: FaultAction[]): fc.Arbitrary<Fault> {
	const when = fc.record({ nth: fc.integer({ min: 1, max: 4 }), times: fc.constantFrom(1, 1, 2, 3, 6) });
	return fc
		.tuple(fc.constantFrom(...actions), when)
		.map(([action, nthAndTimes]) => ({ endpoint, action, ...nthAndTimes }));
}

const status = (code: number, more: object = {}): FaultAction => ({ type: 'status', status: code, ...more });
const PAGE = { body: GATEWAY_PAGE };
/** The work is done all the same. */
const HANDLED = { handled: true };

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
	status(502, PAGE),
	status(503),
	status(404),
	...[200, 401, 402, 403, 404, 451].map((code) => status(code, PAGE)),
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
	status(500, HANDLED),
	...[502, 504, 408, 429].map((code) => status(code, { ...HANDLED, ...PAGE })),
	status(400, PAGE),
	status(402),
	{ type: 'redirect', location: 'http://127.0.0.1:9/' },
	// One that fails and is bought anew, too.
	...(['status200', 'status200', 'http500', 'nsfw', 'moderation'] as const).map((shape): FaultAction => ({
		type: 'failTask',
		shape,
	})),
	{ type: 'patchResult', patch: { outputs: ['http://169.254.169.254/'] } },
];

/** Several items get the answer of the first of them. */
const sameAnswers = fc.nat({ max: 2 }).map((before): Fault => ({
	endpoint: 'submit',
	nth: before + 1,
	times: 4,
	action: { type: 'cachedAnswer' },
}));

/** Whether a file host says that the file is gone. */
const isDeleted = (action: FaultAction) => action.type === 'status' && action.status === 404;

/** What a file host may say without a lie: after a lie, or a 404, a crashed purchase cannot be known by its input. */
const FILE_TROUBLE = READ_TROUBLE.filter(
	(action) =>
		!['malformedJson', 'wrongTypes', 'emptyObject'].includes(action.type) &&
		!(isDeleted(action) && !('body' in action)),
);

/** What keeps a model's schema from being read. One that is read and lies is no trouble that anybody could see. */
const CATALOG_TROUBLE: FaultAction[] = [
	status(500),
	status(503, PAGE),
	{ type: 'malformedJson' },
	{ type: 'emptyObject' },
	{ type: 'truncate' },
];

const unreadableSchema: fc.Arbitrary<Fault> = fc
	.oneof(faultOn('models', CATALOG_TROUBLE), faultOn('schema', CATALOG_TROUBLE))
	// Both attempts to read it.
	.map((fault) => ({ ...fault, times: 4 }));

/** A finished image that cannot be downloaded. */
const outputTrouble = faultOn('file', [...READ_TROUBLE, { type: 'corruptPicture' }]).map((fault): Fault => ({
	...fault,
	match: '/outputs/',
}));

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

/** Kills n8n while an execution runs, when so many submits are over (null: the node is through). Nothing is saved. */
type Crash = { afterSubmits: number | null } | null;

const crashes: fc.Arbitrary<Crash> = fc.oneof(
	{ weight: 3, arbitrary: fc.constant(null) },
	{ weight: 1, arbitrary: fc.record({ afterSubmits: fc.constantFrom(null, 1, 2, 3) }) },
);

/** A batch and everything that happens to it. */
export const stories = fc.record({
	/** Per item which of three images it has, and how, and how many to make of it. Equal ones are edits of their own. */
	items: fc.array(
		fc.record({
			picture: fc.nat({ max: COLORS.length - 1 }),
			as: fc.constantFrom<Array<'binary' | 'url'>>('binary', 'binary', 'url'),
			prompt: fc.nat({ max: 1 }),
			images: fc.constantFrom(1, 1, 1, 2, 3),
		}),
		{ minLength: 1, maxLength: 5 },
	),
	/** The node and its operation. */
	buyer: fc.constantFrom<Array<keyof typeof BUYERS>>(
		...(['edit', 'edit', 'edit', 'sequential', 'video', 'video', 'run'] as const),
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
			{ weight: 2, arbitrary: sameAnswers },
		),
		{ maxLength: 4 },
	),
	/** Attempts that n8n makes; 1: Retry On Fail is off. */
	maxAttempts: fc.constantFrom(1, 1, 2, 3),
	stops: fc.constantFrom(true, true, false),
	concurrency: fc.constantFrom(1, 2, 20),
	/** Times that an execution comes to the node: a loop's rounds, or an agent's calls of its tool. */
	rounds: fc.constantFrom(1, 1, 1, 2),
	/** An agent's tool: one item a call, and a call that failed is made once more. */
	isTool: sometimes(6),
	mayResubmit: sometimes(5),
	/** At first two items that are the very same request get no answer. */
	losesEqual: sometimes(8),
	history: fc.record({
		delaySeconds: fc.constantFrom(0, 0, 5, 90),
		foreignTasks: fc.constantFrom(0, 3),
		createdAtUnit: fc.constantFrom('seconds', 'seconds', 'milliseconds', 'iso', 'missing'),
		maxPageSize: fc.constantFrom(50, 50, 50, 20),
	}) as fc.Arbitrary<SandboxHistory>,
	/** How the history writes its rows. */
	rows: fc.oneof(
		{ weight: 3, arbitrary: fc.constant('plain') },
		{ weight: 2, arbitrary: fc.constantFrom(...Object.keys(ROWS)) },
	),
	/** Others' predictions that come while a page of the history is read, each time. */
	shifts: fc.constantFrom(0, 0, 0, 1, 7),
	/** How far Atlas's clock is off. */
	skewSeconds: fc.constantFrom(0, 0, -120, -8, 20, 45, -3_600, 3_600),
	/** How far n8n's clock is off in each run of the node, in turn, in seconds. None: it is right. */
	jumps: fc.oneof(
		{ weight: 2, arbitrary: fc.constant<number[]>([]) },
		{
			weight: 1,
			arbitrary: fc.array(fc.constantFrom(0, -3_600, 3_600, -600, 45), { minLength: 2, maxLength: 4 }),
		},
	),
	warmUpSeconds: fc.constantFrom(0, 10),
	keepUploadNames: fc.boolean(),
	limitsUploads: sometimes(6),
	/** Predictions take longer than the node waits. */
	isSlow: sometimes(16),
	crash: crashes,
	/**
	 * What follows: a person retries one of the executions that have failed so far, or runs all items again in a new one,
	 * with Reuse Paid Results.
	 */
	retries: fc.array(fc.record({ which: fc.nat({ max: 5 }), crash: crashes, isRerun: sometimes(6) }), {
		maxLength: 3,
	}),
	/** At the end all items are run again with Reuse Paid Results, and the service is well. */
	endsWithRerun: sometimes(5),
});

export type Story = typeof stories extends fc.Arbitrary<infer One> ? One : never;

/** After so long, beside the history's delay, a request that was cut off has done what it does, in ms. */
const SETTLED_MS = 30_000;

/** So many tasks in an account's history are read quickly; with more, the next story gets an account of its own. */
const MAX_TASKS = 800;

/** An account has so many predictions of before its first story; of a time, in ms, that no search goes back to. */
const OLD_TASKS = 70;
const OLD_MS = 10 * 24 * 3_600_000;

/** So many predictions of others come in one story. */
const MAX_SHIFTS = 60;

/** As long as a person may wait before all items are run again. */
const REUSE_HOURS = 24;

/** IDs that a clean answer to a submit reported. */
const reportedIds = new Set<string>();

/** The longest wait for an edit beyond its time, in ms, and what no wait may go beyond it by: a request's time. */
export const longestWait = { overMs: -Infinity };
export const MAX_OVER_MS = READ_TIMEOUT_MS;

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

/** How often something happened; `bought`, `wanted` and `delivered` count predictions. Reported at the end of a run. */
export type Tally = Record<string, number>;

/** One account and its images, for many stories one after another. */
export class Stage {
	readonly tally: Tally = {};

	/** Called when the sandbox has answered, or its client is gone. */
	readonly onOver: Partial<Record<string, () => void>> = {};

	readonly photos: Buffer[] = [];

	urls: string[] = [];

	sandbox!: Sandbox;

	executions = 4;

	private constructor(private readonly seed: number) {}

	static async open(seed: number): Promise<Stage> {
		const stage = new Stage(seed);
		for (const left of COLORS) stage.photos.push(await picture({ left }));
		await stage.openAccount();
		return stage;
	}

	count(what: string, by = 1): void {
		this.tally[what] = (this.tally[what] ?? 0) + by;
	}

	/** Runs a story in n8n's engine. @throws where a promise is broken */
	async play(story: Story): Promise<void> {
		if (this.sandbox.ledger.predictions.size > MAX_TASKS) {
			await this.sandbox.close();
			await this.openAccount();
		}
		await new Play(this, story).run();
	}

	async close(): Promise<void> {
		await this.sandbox.close();
	}

	private async openAccount(): Promise<void> {
		const { seed } = this;
		const onRequestOver = ({ endpoint }: { endpoint: string }) => this.onOver[endpoint]?.();
		this.sandbox = await fastSandbox({ seed, preparedMedia: true, onRequestOver });
		const add = (prompt: string, atMs?: number) =>
			this.sandbox.addForeignTask({ model: V4, prompt, images: [] }, atMs);
		// Pages of any size reach back to predictions of before the story.
		for (let i = 0; i < OLD_TASKS; i++) add(`an old one ${i}`, virtualTime.nowMs() - OLD_MS);
		const ids = COLORS.map((_color, i) => add(`a picture at an address ${i}`));
		this.urls = ids.map((id) => this.sandbox.ledger.predictions.get(id)?.outputs[0] ?? '');
	}
}

/** An execution as n8n keeps it. */
interface Saved {
	/** The run of the node that failed; null: nothing was saved, as before the first run. */
	failed: SeedreamResult | null;
	/** Rounds that were over by then, and the IDs that they handed on. */
	rounds: number;
	returnedIds: string[];
}

const NOTHING: Saved = { failed: null, rounds: 0, returnedIds: [] };

interface Execution {
	/** What a person's retry starts from; null where it went well. */
	saved: Saved | null;
	isCrashed: boolean;
}

interface Wanted {
	picture: number;
	as: 'binary' | 'url';
	images: number;
	prompt: string;
	/** How many predictions it is, and how many images each of them makes. */
	predictions: number;
	imagesEach: number;
}

const countOf = (wanted: Wanted[]) => wanted.reduce((sum, { predictions }) => sum + predictions, 0);

/** What n8n keeps of the node's records. */
const keptBy = ({ run }: SeedreamResult) => JSON.stringify(run.data.executionData?.contextData ?? {});

/** One story while it is played. */
class Play {
	private readonly wanted: Wanted[];

	private readonly sandbox: Sandbox;

	private readonly node: INodeType;

	private readonly firstCharge: number;

	/** The most predictions that ever came out of each round. */
	private readonly delivered: number[] = [];

	constructor(
		private readonly stage: Stage,
		private readonly story: Story,
	) {
		this.sandbox = stage.sandbox;
		this.node = whereTimeJumps(BUYERS[story.buyer].node, story.jumps);
		this.firstCharge = stage.sandbox.ledger.charges.length;
		const id = `${stage.tally.cases ?? 0}/${JSON.stringify(story)}`;
		this.wanted = wantedBy(story, createHash('sha256').update(id).digest('hex').slice(0, 12));
	}

	async run(): Promise<void> {
		this.setUp();
		await this.runAll();
		this.sandbox.clearFaults();
		this.checkCharges();
		this.countKinds();
	}

	private get charges(): Charge[] {
		return this.sandbox.ledger.charges.slice(this.firstCharge);
	}

	private must(holds: boolean, promise: string): void {
		if (!holds) throw new Error(`${promise}\nsubmits: ${JSON.stringify(this.charges)}`);
	}

	private checkCharges(): void {
		const { wanted, charges, stage, story } = this;
		const lost = charges.filter(({ predictionId }) => !reportedIds.has(predictionId));
		stage.count('cases');
		stage.count('wanted', countOf(wanted) * story.rounds);
		stage.count('bought', charges.length);
		stage.count(
			'delivered',
			this.delivered.reduce((sum, count) => sum + count, 0),
		);
		stage.count('lostAnswers', lost.length);
		const prompts = new Set(wanted.map(({ prompt }) => prompt));
		this.must(
			charges.every(({ prompt }) => prompts.has(prompt)),
			'nothing else was bought',
		);
		for (const prompt of prompts) {
			const maxWanted = story.rounds * countOf(wanted.filter((item) => item.prompt === prompt));
			const extra = Math.max(0, charges.filter((charge) => charge.prompt === prompt).length - maxWanted);
			// Only what nobody knew of may be sent once more, and only where the user took that risk.
			const lostHere = lost.filter((charge) => charge.prompt === prompt);
			const risked = story.mayResubmit ? Math.min(extra, lostHere.length) : 0;
			stage.count('bought', -extra);
			stage.count('resubmitCharges', risked);
			stage.count('doubleCharges', extra - risked);
			this.must(extra === risked, `charged no more than wanted for "${prompt}"`);
			const differentBodies = new Set(lostHere.map(({ body }) => JSON.stringify(body)));
			if (differentBodies.size < lostHere.length) stage.count('equalLost');
		}
	}

	private countKinds(): void {
		const { stage, story } = this;
		const { severalImages } = BUYERS[story.buyer];
		if (severalImages === 'none') stage.count('models');
		else if (this.wanted.some(({ images }) => images > 1)) stage.count(severalImages);
		if (story.jumps.length > 0) stage.count('jumps');
		if (story.isSlow) stage.count('slow');
		if (!story.keepUploadNames) stage.count('withoutNames');
		if (story.rows !== 'plain') stage.count('oddRows');
		if (story.shifts > 0) stage.count('shifted');
		if (story.faults.some(({ action }) => action.type === 'cachedAnswer')) stage.count('sameAnswers');
	}

	private setUp(): void {
		const { sandbox, story, stage } = this;
		sandbox.clearFaults();
		sandbox.setOptions({
			predictSeconds: story.isSlow ? 3_000 : 1,
			history: { ...story.history, alter: ROWS[story.rows] },
			clockSkewSeconds: story.skewSeconds,
			warmUp: { seconds: story.warmUpSeconds, status: 404 },
			keepUploadNames: story.keepUploadNames,
			limits: story.limitsUploads ? { uploads: { perSecond: 1, burst: 1 } } : {},
		});
		let shiftsLeft = story.shifts > 0 ? MAX_SHIFTS : 0;
		stage.onOver.history = () => {
			for (let i = 0; i < story.shifts && shiftsLeft-- > 0; i++)
				sandbox.addForeignTask({ model: V4, prompt: 'another one’s', images: [] });
		};
		if (story.losesEqual) sandbox.addFault({ endpoint: 'submit', times: 2, action: { type: 'resetAfter' } });
		// What reports a result as deleted has it bought again where results are reused, and so it should.
		const reuses = story.endsWithRerun || story.retries.some(({ isRerun }) => isRerun);
		for (const fault of story.faults)
			if (!reuses || fault.endpoint !== 'file' || !isDeleted(fault.action)) sandbox.addFault(fault);
	}

	private optionsOf(reuseHours: number): SeedreamOptions {
		const { story, sandbox } = this;
		const { toolType, parameters } = BUYERS[story.buyer];
		const { isTool, isSubmitOnly, concurrency, mayResubmit, binaryMode } = story;
		// The engine's attempts of a tool are another thing: n8n makes them where the agent calls it.
		const maxTries = isTool ? 1 : story.maxAttempts;
		return {
			sandbox,
			node: this.node,
			...(isTool ? { type: toolType } : {}),
			binaryMode,
			items: this.wanted.map((item) => this.inputOf(item)),
			parameters: parameters({
				isSubmitOnly,
				options: { concurrency, resubmitUnknown: mayResubmit, reuseHours },
				timeoutSeconds: story.isSlow ? 30 : 120,
			}),
			nodeExtras: {
				...(story.stops || isTool ? {} : { onError: 'continueRegularOutput' as const }),
				...(maxTries > 1 ? { retryOnFail: true, maxTries, waitBetweenTries: 1 } : {}),
			},
		};
	}

	private inputOf({ picture: index, as, prompt, images }: Wanted): InputItem {
		if (as === 'url') return { json: { prompt, images, field: '', url: this.stage.urls[index] } };
		return { json: { prompt, images, field: 'data', url: '' }, files: { data: this.stage.photos[index] } };
	}

	/** The execution, and what follows it. */
	private async runAll(): Promise<void> {
		const { story, stage } = this;
		const failed: Array<{ saved: Saved; retries: number }> = [];
		const noted = ({ saved, isCrashed }: Execution): Execution => {
			if (saved) failed.push({ saved, retries: 0 });
			return { saved, isCrashed };
		};
		let last = noted(await this.execute('run', story.crash));
		for (const { which, crash, isRerun } of story.retries) {
			if (isRerun) {
				last = noted(await this.rerun(crash));
				continue;
			}
			const picked = failed[which % Math.max(1, failed.length)];
			if (!picked) break;
			const isLater = last.isCrashed || picked.saved !== last.saved;
			stage.count('retries');
			if (picked.saved !== last.saved) stage.count('retriesOfEarlier');
			if (picked.retries++ > 0) stage.count('retriesOnceMore');
			// What is not in the saved data is known from the history only. That shows it after a while.
			if (isLater) await this.settle();
			last = noted(await this.execute('retry', crash, picked.saved));
		}
		if (story.endsWithRerun) await this.endWithRerun();
		// What is still on its way belongs to this story.
		else if (last.isCrashed) await virtualTime.sleepMs(SETTLED_MS);
	}

	/** Waits until the history shows all that was bought. */
	private async settle(): Promise<void> {
		await virtualTime.sleepMs((this.story.history.delaySeconds ?? 0) * 1_000 + SETTLED_MS);
	}

	/** A new execution of all items, with Reuse Paid Results. */
	private async rerun(crash: Crash): Promise<Execution> {
		await this.settle();
		this.stage.count('reruns');
		return await this.execute('rerun', crash);
	}

	private async endWithRerun(): Promise<void> {
		const { rows, shifts, isSlow, faults } = this.story;
		this.sandbox.clearFaults();
		const { saved } = await this.rerun(null);
		// A result that nobody can download stays one, and a slow one is not waited for.
		const isClear = CLEAR_ROWS.includes(rows) && shifts === 0 && !isSlow;
		const canSucceed = isClear && faults.every(({ action }) => action.type !== 'patchResult');
		this.must(saved === null || !canSucceed, 'a run with Reuse Paid Results returns what is missing');
	}

	/** Goes on from what was saved, round by round, until all is done, a round fails or n8n crashes. */
	private async execute(how: 'run' | 'retry' | 'rerun', crash: Crash, saved = NOTHING): Promise<Execution> {
		const { story, stage } = this;
		const { isTool } = story;
		const { charges } = this.sandbox.ledger;
		const before = charges.length;
		let isCrashed = false;
		const cancelWhen = crash
			? this.submitsOver(crash.afterSubmits).then(() => (isCrashed = true))
			: undefined;
		const options: SeedreamOptions = {
			...this.optionsOf(how === 'rerun' ? REUSE_HOURS : 0),
			executionId: `${++stage.executions}`,
			...(how === 'retry' ? { mode: 'retry' as const } : {}),
			...(cancelWhen ? { cancelWhen } : {}),
		};
		stage.count('executions');
		// An agent whose execution is retried makes its calls again, and gets again what they returned.
		const returnedIds = isTool ? [] : [...saved.returnedIds];
		const said: string[] = [];
		let callsLeft = isTool ? 1 : 0;
		let { rounds } = saved;
		let result = saved.failed ? await retryManually(saved.failed, options) : await runSeedream(options);
		for (;;) {
			const { message, description, messages } = result.error ?? {};
			said.push(JSON.stringify([result.json, message, description, messages]));
			if (how === 'rerun') stage.count('reused', keptBy(result).split('"origin":"reused"').length - 1);
			if (isCrashed) break;
			if (result.error) {
				stage.count('errors');
				if (callsLeft-- <= 0) break;
				stage.count('calls');
			} else {
				const ids = await this.checkItems(result.out);
				returnedIds.push(...ids);
				this.must(new Set(returnedIds).size === returnedIds.length, 'no prediction is returned twice');
				this.delivered[rounds] = Math.max(this.delivered[rounds] ?? 0, ids.length);
				if (++rounds >= story.rounds) break;
				stage.count(isTool ? 'calls' : 'rounds');
			}
			result = await nextRound(result, options);
		}
		if (crash) {
			// What the process knew is lost with it.
			forgetLeftovers();
			stage.count('crashes');
			return { saved, isCrashed: true };
		}
		this.checkIds(charges.slice(before), result, said.join());
		return { saved: result.error ? { failed: result, rounds, returnedIds } : null, isCrashed: false };
	}

	/** Every ID that this execution paid for is known to somebody. */
	private checkIds(charges: Charge[], result: SeedreamResult, said: string): void {
		const { mayResubmit } = this.story;
		const kept = keptBy(result);
		const isUnknown =
			/unknown|unclear whether|Couldn’t confirm whether|(One|Several) predictions? could|may have been accepted and billed/.test(
				said,
			);
		if (isUnknown) this.stage.count('unknown');
		const ids = charges.map(({ predictionId }) => predictionId);
		const unreported = ids.filter((id) => !said.includes(id) && !kept.includes(id)).length;
		// What is unknown has no ID: then it is said, as often as there are IDs that nobody knows.
		const count = (text: string) => kept.split(text).length - 1;
		const saidUnknown = count('"state":"lost"') + (mayResubmit ? count('"firstSubmit":') : 0);
		this.stage.count('lostIds', Math.max(0, unreported - saidUnknown));
		this.must(
			unreported <= saidUnknown,
			`every charged ID is reported, kept, or said to be unknown\n${said}\n${kept}`,
		);
		this.must(
			!result.error || mayResubmit || isUnknown || ids.every((id) => said.includes(id)),
			`the thrown error includes the charged IDs, or says that they are unknown\n${said}\n${kept}`,
		);
	}

	/** Resolves when the sandbox is through with so many submits. */
	private async submitsOver(count: number | null): Promise<void> {
		let over = 0;
		await new Promise<void>((resolve) => {
			this.stage.onOver.submit = () => {
				if (++over === count) resolve();
			};
		});
	}

	/** @returns the IDs of the edits that came out */
	private async checkItems(out: INodeExecutionData[]): Promise<string[]> {
		const paired = out.map(({ pairedItem }) => (pairedItem as { item: number }).item);
		this.must(
			paired.every((item, i) => item >= (paired[i - 1] ?? 0)) && new Set(paired).size === this.wanted.length,
			`items for each input, in order, paired: ${JSON.stringify(paired)}`,
		);
		const ids = await Promise.all(
			this.wanted.map(async (item, i) => {
				const rows = out.filter((_row, nth) => paired[nth] === i);
				return await this.checkItem(item, `item ${i}`, rows);
			}),
		);
		return ids.flat();
	}

	/** @returns the IDs of one item's edits */
	private async checkItem(item: Wanted, name: string, rows: INodeExecutionData[]): Promise<string[]> {
		const done = rows.filter(({ json }) => !json.error);
		const errors = rows.slice(done.length).map(({ json }) => json.error as IDataObject | undefined);
		this.stage.count('errors', errors.length);
		this.must(
			errors.length <= 1 && errors.every((error) => typeof error?.message === 'string'),
			`an error says what happened to ${name}, after what came of it`,
		);
		const rowsEach = this.story.isSubmitOnly ? 1 : item.imagesEach;
		const allRows = item.predictions * rowsEach;
		this.must(
			done.length % rowsEach === 0 && (errors.length > 0 ? done.length < allRows : done.length === allRows),
			`${name} has its ${allRows} edits, or an error: ${done.length}`,
		);
		const ids: string[] = [];
		for (const [nth, row] of done.entries()) {
			const id = String(row.json.predictionId);
			if (nth % rowsEach === 0) ids.push(id);
			this.must(ids.at(-1) === id, `the images of one prediction of ${name} are beside each other`);
			await this.checkEdit(item, name, row, nth % rowsEach);
		}
		return ids;
	}

	/** @param image which of its prediction's */
	private async checkEdit(
		{ prompt, as, picture: index, imagesEach }: Wanted,
		name: string,
		row: INodeExecutionData,
		image: number,
	): Promise<void> {
		const { ledger } = this.sandbox;
		const made = ledger.predictions.get(String(row.json.predictionId));
		this.must(made?.prompt === prompt && !made.foreign, `${name} has its own edit`);
		const body = (made?.body as IDataObject | undefined) ?? {};
		this.must(Number(body.max_images ?? 1) === imagesEach, `${name} asked for its number of images`);
		const input = BUYERS[this.story.buyer].imageIn(body);
		const isOwnImage =
			as === 'url'
				? input === this.stage.urls[index]
				: ledger.uploads.find(({ url }) => url === input)?.sha256 === sha256(this.stage.photos[index]);
		this.must(isOwnImage, `${name} was edited from its own image`);
		if (this.story.isSubmitOnly) return;
		const isMade = sha256(await pictureOf(row)) === made?.outputSha256[image];
		this.must(isMade, `${name} holds the image that was made`);
	}
}

function wantedBy({ items, isTool, losesEqual, buyer }: Story, storyId: string): Wanted[] {
	const { severalImages } = BUYERS[buyer];
	const equal = { ...items[0], as: 'url' as const };
	const all = losesEqual ? [equal, equal, ...items.slice(1)] : items;
	return (isTool ? items.slice(0, 1) : all).map((item) => {
		const images = severalImages === 'none' ? 1 : item.images;
		const [predictions, imagesEach] = severalImages === 'each' ? [images, 1] : [1, images];
		return { ...item, images, prompt: `${storyId} wish ${item.prompt}`, predictions, imagesEach };
	});
}
