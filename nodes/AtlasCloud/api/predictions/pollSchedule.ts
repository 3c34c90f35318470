import type { Clock } from '../time/clock';
import { MAX_POLLS_PER_SECOND } from '../flow/pollRate';
import type { RateLimiter } from '../pace/rateLimiter';
import type { Durations } from './durations';
import { KnownDurations } from './knownDurations';
import {
	firstPollMs,
	isSlowModel,
	maxRoundRobin,
	nextPollMs,
	roundRobinPollMs,
	type RoundRobinSlot,
} from './pollTimes';
import type { Prediction } from './prediction';
import type { WaitingPrediction } from './waitingPrediction';

/** The share of the rate limit to plan with: polls come unevenly. */
const PLANNED_RATE = 0.85;

/** A prediction in the service's queue is polled now and then: what is known of the queue may be wrong. In ms. */
const MIN_QUEUE_PAUSE_MS = 5_000;
const QUEUE_PAUSE = 3;

/** While others wait, the service stays busy: an end that is noticed a little later costs no time. */
const MAX_POLLS_WITH_QUEUE = 2.5;

/** With fewer polls for each than this, none is left unused while a prediction has ended at least this likely. */
const SCARCE_POLLS = 2.5;
const MIN_CHANCE = 0.25;

/** What was learned long ago is checked once, at this share of the time of the first poll. */
const CHECK_SHARE = 0.4;
/** It is wrong if the first end comes so much earlier than any known. */
const WRONG_SHARE = 0.6;

/** The duration assumed for a prediction that a poll found ended, as a share of the time until then. */
const USUAL_ESTIMATE = 0.95;
/** If one after another had ended long before it was polled, all are polled too late: they took much less. */
const LATE_ESTIMATE = 0.6;
const MAX_LATE_POLLS = 2;
const LATE_SHARE = 0.25;

/** Schedules the polls of all waiting predictions, by how long earlier ones of their kind took. */
export class PollSchedule {
	/** Models whose queue is known. */
	private readonly queuedModels = new Set<string>();

	/** Models of which this run has seen an end, and how many ends in a row were noticed late. */
	private readonly latePolls = new Map<string, number>();

	constructor(
		private readonly clock: Clock,
		private readonly rateLimiter: RateLimiter,
		private readonly waitingPredictions: ReadonlySet<WaitingPrediction>,
		private readonly known = new KnownDurations(),
	) {}

	/** Whether nothing is known of how long such predictions take. */
	isUnknown(waiting: WaitingPrediction): boolean {
		return this.durationsOf(waiting).count === 0;
	}

	/** Whether such predictions usually take a minute or more. */
	isSlow({ request, model }: WaitingPrediction): boolean {
		return request.isSlow ?? isSlowModel(model);
	}

	planFirst(waiting: WaitingPrediction): void {
		this.planUsualFirst(waiting);
		waiting.bringForwardToProbe();
	}

	private planUsualFirst(waiting: WaitingPrediction): void {
		if (waiting.isQueued) return this.planQueued(waiting);
		const durations = this.durationsOf(waiting);
		if (durations.count === 0) return this.planRoundRobin(waiting);
		const firstMs = firstPollMs(durations, this.pollsPerPrediction(durations));
		const isCheck = !waiting.hasBeenPolled && this.mustCheck(waiting);
		waiting.schedulePoll(isCheck ? CHECK_SHARE * firstMs : firstMs, this.clock.nowMs());
	}

	/** What is known may be of another day: the first of a run is then polled early once. */
	private mustCheck(waiting: WaitingPrediction): boolean {
		if (this.known.isFresh(waiting.model, this.clock.nowMs())) return false;
		for (const other of this.waitingPredictions) if (other.model === waiting.model) return other === waiting;
		return true;
	}

	/** Corrects a first poll that was planned with fewer durations, or none. */
	replanFirst(waiting: WaitingPrediction): void {
		if (!waiting.hasBeenPolled && !this.isUnknown(waiting)) this.planFirst(waiting);
	}

	planNext(waiting: WaitingPrediction): void {
		this.planUsualNext(waiting);
		waiting.bringForwardToProbe();
	}

	private planUsualNext(waiting: WaitingPrediction): void {
		if (waiting.isQueued) return this.planQueued(waiting);
		const nowMs = this.clock.nowMs();
		const durations = this.durationsOf(waiting);
		if (durations.count === 0) return this.planRoundRobin(waiting);
		const polls = this.pollsPerPrediction(durations);
		waiting.schedulePoll(nextPollMs(durations, waiting.elapsedMs(nowMs), polls), nowMs);
	}

	/** Follows what is known of the service's queue: one that has just begun is planned anew. */
	followQueue(waiting: WaitingPrediction): void {
		if (waiting.failedPolls === 0) waiting.bringForwardToProbe();
		if (!waiting.followQueue(this.clock.nowMs())) return;
		this.forgetQueued(waiting);
		if (waiting.failedPolls === 0) this.planFirst(waiting);
	}

	/** Durations that were learned before the queue was known may hold time in it. */
	private forgetQueued({ request, model }: WaitingPrediction): void {
		const numberAtOnce = request.queue?.numberAtOnce ?? null;
		if (numberAtOnce === null || this.queuedModels.has(model)) return;
		this.queuedModels.add(model);
		this.known.keepFirst(model, request.shape ?? '', Math.round(numberAtOnce));
	}

	private planQueued(waiting: WaitingPrediction): void {
		const durations = this.durationsOf(waiting);
		const medianMs = durations.count === 0 ? 0 : durations.medianMs;
		const nowMs = this.clock.nowMs();
		const pauseMs = Math.max(MIN_QUEUE_PAUSE_MS, QUEUE_PAUSE * medianMs);
		waiting.schedulePoll(waiting.elapsedMs(nowMs) + pauseMs, nowMs);
	}

	/** Plans the poll after a failed one. */
	planRetry(waiting: WaitingPrediction, minPauseMs: number): void {
		this.planNext(waiting);
		waiting.delayPoll(minPauseMs, this.clock.nowMs());
	}

	/** Learns from a completed prediction. The first one of a model ends the round-robin. */
	learnDuration(waiting: WaitingPrediction, prediction: Prediction): void {
		const nowMs = this.clock.nowMs();
		const { model, request } = waiting;
		const latePolls = this.isNoticedLate(waiting, nowMs) ? (this.latePolls.get(model) ?? 0) + 1 : 0;
		const isLate = latePolls > MAX_LATE_POLLS;
		const durationMs = waiting.durationMs(prediction, nowMs, isLate ? LATE_ESTIMATE : USUAL_ESTIMATE);
		if (durationMs === null) return;
		const isFirst = !this.latePolls.has(model);
		this.latePolls.set(model, latePolls);
		const wasUnknown = this.isUnknown(waiting);
		const isWrong =
			isFirst && !wasUnknown && durationMs < WRONG_SHARE * this.durationsOf(waiting).quantileMs(0);
		if (isWrong) this.known.forget(model, request.shape ?? '');
		this.known.add(model, request.shape ?? '', durationMs, nowMs);
		if (wasUnknown || isWrong) this.replanAll(model);
	}

	/** Whether it may have ended long before it was noticed. */
	private isNoticedLate(waiting: WaitingPrediction, nowMs: number): boolean {
		const elapsedMs = waiting.elapsedMs(nowMs);
		return elapsedMs - waiting.minDurationMs > LATE_SHARE * elapsedMs;
	}

	/** Takes what the account's history says of a model, if nothing else is known by now. */
	learnHistory(waiting: WaitingPrediction, durationsMs: number[]): void {
		if (durationsMs.length === 0 || !this.isUnknown(waiting)) return;
		for (const durationMs of durationsMs) this.known.add(waiting.model, '', durationMs, null);
		this.replanAll(waiting.model);
	}

	/** Fills the place of a prediction that is no longer waited for, if its model is polled round-robin. */
	refillRoundRobin(waiting: WaitingPrediction): void {
		if (this.isUnknown(waiting)) this.replanAll(waiting.model);
	}

	private replanAll(model: string): void {
		for (const waiting of this.waitingPredictions)
			if (waiting.model === model && waiting.failedPolls === 0) this.planFirst(waiting);
	}

	private planRoundRobin(waiting: WaitingPrediction): void {
		const nowMs = this.clock.nowMs();
		const pollMs = roundRobinPollMs(waiting.elapsedMs(nowMs), this.roundRobinSlot(waiting));
		waiting.schedulePoll(pollMs, nowMs);
	}

	/** The first of a model to be waited for are in the round-robin. */
	private roundRobinSlot(waiting: WaitingPrediction): RoundRobinSlot | null {
		const unsubmittedCount = waiting.request.queue?.unsubmittedCount ?? 0;
		const maxCount = maxRoundRobin(unsubmittedCount);
		let count = 0;
		let index: number | null = null;
		for (const other of this.waitingPredictions) {
			if (other === waiting) index = count;
			if (other.model === waiting.model && ++count === maxCount) break;
		}
		return index === null ? null : { index, count, isSlow: this.isSlow(waiting), unsubmittedCount };
	}

	/** Whether there are predictions with few polls each, and the service has not asked for fewer. */
	get isScarce(): boolean {
		if (this.isSlowedDown) return false;
		const runningCount = this.countRunning();
		for (const waiting of this.waitingPredictions) if (this.hasFewPolls(waiting, runningCount)) return true;
		return false;
	}

	/** Where polls are scarce: the prediction that has most likely ended. Null if none is likely enough to have. */
	likeliestEnded(idle: WaitingPrediction[]): WaitingPrediction | null {
		if (this.isSlowedDown) return null;
		const nowMs = this.clock.nowMs();
		const runningCount = this.countRunning();
		let likeliest: WaitingPrediction | null = null;
		let maxChance = MIN_CHANCE;
		for (const waiting of idle) {
			if (waiting.isHeldBack(nowMs) || !this.hasFewPolls(waiting, runningCount)) continue;
			const chance = this.durationsOf(waiting).chanceOfEnd(waiting.minDurationMs, waiting.elapsedMs(nowMs));
			if (chance <= maxChance) continue;
			maxChance = chance;
			likeliest = waiting;
		}
		return likeliest;
	}

	/** Whether the service has asked for fewer polls. */
	private get isSlowedDown(): boolean {
		return this.rateLimiter.rate < MAX_POLLS_PER_SECOND;
	}

	private hasFewPolls(waiting: WaitingPrediction, runningCount: number): boolean {
		if (waiting.isQueued || this.isUnknown(waiting)) return false;
		return this.pollsPerPrediction(this.durationsOf(waiting), runningCount) < SCARCE_POLLS;
	}

	private countRunning(): number {
		let count = 0;
		for (const { isQueued } of this.waitingPredictions) if (!isQueued) count++;
		return count;
	}

	/** How many polls the rate limit allows for each prediction. */
	private pollsPerPrediction({ medianMs }: Durations, runningCount = this.countRunning()): number {
		const allowed = (PLANNED_RATE * this.rateLimiter.rate * medianMs) / 1_000 / Math.max(1, runningCount);
		const hasQueue = runningCount < this.waitingPredictions.size;
		return hasQueue ? Math.min(MAX_POLLS_WITH_QUEUE, allowed) : allowed;
	}

	private durationsOf({ request, model }: WaitingPrediction): Durations {
		return this.known.of(model, request.shape);
	}
}
