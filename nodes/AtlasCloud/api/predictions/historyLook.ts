import { CancelledError } from '../errors';
import { isSuccess } from '../http/answer';
import { MAX_ANSWER_BYTES, type AtlasClient } from '../http/client';
import { forgetOldest } from '../memo';
import type { RateLimiter } from '../pace/rateLimiter';
import type { Clock } from '../time/clock';
import { idOfRow, PAGE_SIZE, pathOfPage, rowsOfPage, shownOf, statusOfRow, type Shown } from './history';
import type { Plan } from './pollSchedule';
import type { Prediction } from './prediction';
import { within } from './readPrediction';
import type { Waiting } from './waiting';

/** From so many predictions of a model on, a page of the account's history tells more than single polls do. */
const LOOK_FROM = 12;

/** Once its word counts, for as few as this. A page that tells of fewer is not worth a request. */
const MIN_PER_PAGE = 5;

/** Its word counts once it has told so many ends that polls found, too. So many useless pages or looks are enough. */
const ENOUGH = 3;

/** Looks within the usual time of a prediction, and the longest pause between two, in ms. Its word may be as late. */
const LOOKS_PER_PREDICTION = 10;
const MAX_LOOK_MS = 500;

/** Where its word did not hold, it is tried again after this, in ms. */
const PAUSE_MS = 60_000;

/** Once its word counts, one prediction is polled so often beside the looks, in ms: its word may become wrong. */
const CHECK_MS = 5_000;

const NO_LOOKS =
	'Atlas Cloud’s prediction history is not used to check many predictions at once, but each is checked by itself';

/** Whether a row lacks some of the files that a poll has found. Their links may differ. */
function showsLess(shown: Shown | undefined, files: number): boolean {
	return shown?.prediction !== undefined && shown.prediction.outputs.length < files;
}

/** The looks at the predictions of one model. */
interface Lookout {
	beganMs: number;
	/** Infinity during a look. */
	nextMs: number;
}

/**
 * Looks at many predictions at once, in the account's history (docs/atlas-cloud-api.md, History). How fresh that is, and
 * what it holds, is found out: an end that a poll has found must be there, too. Its word alone says of no prediction that
 * it failed, or is gone.
 */
export class HistoryLooks {
	private shown = new WeakMap<Waiting, Shown>();

	private readonly lookouts = new Map<string, Lookout>();

	/** Ends that polls have found and the history has not shown yet. */
	private readonly unconfirmed = new Map<string, { knownAtMs: number; files: number }>();

	private confirmed = 0;

	private useless = 0;

	private pausedUntilMs = -Infinity;

	private nextCheckMs = 0;

	/** @param looked called when a look is over */
	constructor(
		private readonly clock: Clock,
		private readonly limiter: RateLimiter,
		private readonly completed: (waiting: Waiting, prediction: Prediction) => void,
		private readonly looked: () => void,
	) {}

	private get isTrusted(): boolean {
		return this.confirmed >= ENOUGH;
	}

	/**
	 * Starts a look at a model's predictions if one is due.
	 * @param group the plans to poll each of them
	 * @returns which of them are to be polled all the same, and when the next look is due
	 */
	beside(model: string, group: Plan[], nowMs: number): { singles: Plan[]; nextLookMs: number } {
		if (nowMs < this.pausedUntilMs) return { singles: group, nextLookMs: this.pausedUntilMs };
		if (group.length < (this.isTrusted ? MIN_PER_PAGE : LOOK_FROM))
			return { singles: group, nextLookMs: Infinity };
		const lookout = this.lookouts.get(model) ?? { beganMs: -Infinity, nextMs: 0 };
		this.lookouts.set(model, lookout);
		const nextLookMs = this.lookIfDue(model, lookout, group, nowMs);
		return { singles: this.singlesOf(group, nowMs, lookout), nextLookMs };
	}

	/** @returns when the next look is due */
	private lookIfDue(model: string, lookout: Lookout, group: Plan[], nowMs: number): number {
		// Until its word counts, it is only looked at where there is something to compare, or everything may be over.
		const isOfUse =
			this.isTrusted || this.unconfirmed.size > 0 || group.some(({ waiting }) => waiting.isFirstPollDue);
		if (!isOfUse) return Infinity;
		const least = (valueOf: (plan: Plan) => number) =>
			group.reduce((min, plan) => Math.min(min, valueOf(plan)), Infinity);
		const atMs = Math.max(
			lookout.nextMs,
			least((plan) => plan.atMs),
		);
		if (atMs > nowMs) return atMs;
		const usualMs = least((plan) => plan.usualMs ?? Infinity);
		const lookMs = Math.min(MAX_LOOK_MS, usualMs / LOOKS_PER_PREDICTION);
		const targets = group.map(({ waiting }) => waiting);
		void this.look(model, lookout, lookMs, targets);
		return Infinity;
	}

	/** Which of them are to be polled beside the looks. */
	private singlesOf(group: Plan[], nowMs: number, { beganMs }: Lookout): Plan[] {
		// The look may tell of them first.
		const isJustLooking = nowMs < beganMs + MAX_LOOK_MS;
		let toConfirm = ENOUGH;
		return group.filter((plan) => {
			const { waiting } = plan;
			const { kind, prediction } = this.shown.get(waiting) ?? {};
			if (nowMs >= waiting.deadlineMs || kind === 'missing') return true;
			if (this.isTrusted && prediction) {
				this.completed(waiting, prediction);
				return false;
			}
			if (kind === 'unclear' || kind === 'completed') {
				plan.atMs = waiting.timeOf(0);
				plan.chance = 1;
				return kind === 'unclear' || toConfirm-- > 0;
			}
			if (!this.isTrusted) return !waiting.isFirstPollDue && !isJustLooking;
			if (plan.atMs > nowMs || nowMs < this.nextCheckMs) return false;
			this.nextCheckMs = nowMs + CHECK_MS;
			return true;
		});
	}

	/** A poll has told how a prediction stands. */
	polled(waiting: Waiting, sentAtMs: number, { status, outputs }: Prediction): void {
		const files = outputs.length;
		const shown = this.shown.get(waiting);
		this.shown.delete(waiting);
		const wasOver = shown?.kind === 'unclear' || shown?.kind === 'completed';
		const isOther =
			status === 'processing' ||
			(status === 'failed' && shown?.kind === 'completed') ||
			showsLess(shown, files);
		if (wasOver && isOther && sentAtMs >= shown.atMs) this.distrust(waiting, 'it contradicts a prediction');
		else if (wasOver && status !== 'processing') this.confirmed++;
		else if (status !== 'processing') {
			this.unconfirmed.set(waiting.id, { knownAtMs: this.clock.nowMs(), files });
			forgetOldest(this.unconfirmed, PAGE_SIZE);
		}
	}

	private async look(model: string, lookout: Lookout, lookMs: number, targets: Waiting[]): Promise<void> {
		const [first] = targets;
		const beganMs = (lookout.beganMs = this.clock.nowMs());
		lookout.nextMs = Infinity;
		try {
			this.learn(targets, await this.readRows(first.run.client, model, targets), beganMs);
		} catch (error) {
			// The execution that asked was canceled: the next look is another's.
			if (!(error instanceof CancelledError)) this.distrust(first, 'it couldn’t be read');
		} finally {
			// After long ones, others get a turn.
			const tookMs = this.clock.nowMs() - beganMs;
			lookout.nextMs = beganMs + Math.max(lookMs, 2 * tookMs);
			this.looked();
		}
	}

	/** The rows, by ID, down to the oldest prediction. @throws Error if a page cannot be read, or is none of Atlas's */
	private async readRows(
		client: AtlasClient,
		model: string,
		targets: Waiting[],
	): Promise<Map<string, unknown>> {
		const rows = new Map<string, unknown>();
		// Newest first: the oldest comes last. Of a bare ID, nothing tells how old it is.
		const needed = targets.filter((one, i) => i === 0 || one.wait.sentAtMs === null);
		let weakPages = 0;
		let told = 0;
		for (let pageNo = 1; weakPages < ENOUGH && !needed.every(({ id }) => rows.has(id)); pageNo++) {
			const permit = await this.limiter.acquire(undefined);
			const { answer } = await within(permit, client.poll(pathOfPage({ model }, pageNo), MAX_ANSWER_BYTES));
			const page = answer && isSuccess(answer) ? rowsOfPage(answer.json) : null;
			if (!page) throw new Error('not a page');
			for (const row of page) rows.set(idOfRow(row) ?? '', row);
			const toldBefore = told;
			told = targets.filter(({ id }) => rows.has(id)).length;
			weakPages = told - toldBefore < MIN_PER_PAGE ? weakPages + 1 : 0;
		}
		return rows;
	}

	/** Compares rows with what polls have told before, and takes what they tell of those that are waited for. */
	private learn(targets: Waiting[], rows: ReadonlyMap<string, unknown>, beganMs: number): void {
		const nowMs = this.clock.nowMs();
		const [first] = targets;
		for (const [id, { knownAtMs, files }] of this.unconfirmed) {
			const row = rows.get(id);
			if (row !== undefined && statusOfRow(row) === 'processing') {
				if (beganMs > knownAtMs + MAX_LOOK_MS) return this.distrust(first, 'it is behind');
				continue;
			}
			if (showsLess(shownOf({ id, model: '' }, row, nowMs), files))
				return this.distrust(first, 'it leaves out files');
			if (row !== undefined) this.confirmed++;
			this.unconfirmed.delete(id);
		}
		if (nowMs < this.pausedUntilMs) return;
		let told = 0;
		for (const waiting of targets) {
			const shown = shownOf(waiting, rows.get(waiting.id), nowMs);
			this.shown.set(waiting, shown);
			if (shown.kind !== 'missing') told++;
			if (shown.kind === 'inProgress' && this.isTrusted) waiting.seenInProgress(nowMs);
		}
		const isUseless = told < MIN_PER_PAGE && this.shown.get(first)?.kind === 'missing';
		this.useless = isUseless ? this.useless + 1 : 0;
		if (this.useless === ENOUGH) this.distrust(first, 'it doesn’t show them');
	}

	/** Polls tell of each again, until it is tried anew. @param why what does not hold, in words that follow "because " */
	private distrust(waiting: Waiting, why: string): void {
		if (this.pausedUntilMs === -Infinity) waiting.run.notice(`${NO_LOOKS}, because ${why}`);
		this.pausedUntilMs = this.clock.nowMs() + PAUSE_MS;
		this.confirmed = this.useless = 0;
		this.unconfirmed.clear();
		this.shown = new WeakMap();
	}
}
