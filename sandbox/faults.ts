import { randomBytes } from 'node:crypto';
import type { Answer } from './answers';
import { seededRandom } from './random';
import type { Endpoint, Fault, FaultAction } from './types';

interface ArmedFault {
	fault: Fault;
	seen: number;
	used: number;
}

export type Fate = Extract<FaultAction, { type: 'failTask' | 'patchResult' }>;
/** What goes along with a normal answer, or with any trouble. */
type Company = Extract<FaultAction, { type: 'delay' | 'dateHeader' | 'otherRecord' }>;
export type Trouble = Exclude<FaultAction, Fate | Company>;
export type DateHeader = Extract<FaultAction, { type: 'dateHeader' }>['value'];

/**
 * All that goes wrong with one call: waits add up, every fate applies to its task, a date and another record go along
 * with the rest, and of the other actions the first one wins.
 */
export interface CallFaults {
	delaySeconds: number;
	fates: Fate[];
	date: DateHeader | null;
	otherRecord: boolean;
	trouble: Trouble | null;
}

/** How long a gateway keeps an answer. */
const CACHED_MS = 10_000;

/** Counts calls against the faults that were asked for. */
export class FaultBook {
	private armed: ArmedFault[] = [];
	private corruptPictures = 0;
	private cached: { answer: Answer; untilMs: number } | null = null;
	private readonly random: () => number;

	constructor(faults: Fault[], seed: number) {
		this.random = seededRandom(seed ^ 0xfa17);
		for (const fault of faults) this.add(fault);
	}

	add(fault: Fault): void {
		this.armed.push({ fault, seen: 0, used: 0 });
	}

	clear(): void {
		this.armed = [];
		this.cached = null;
	}

	/** The faults of this call. Every call counts, also one that is refused later. */
	take(endpoint: Endpoint | 'other', pathAndBody: string): CallFaults {
		const result: CallFaults = {
			delaySeconds: 0,
			fates: [],
			date: null,
			otherRecord: false,
			trouble: null,
		};
		for (const armed of this.armed) {
			const { fault } = armed;
			if (fault.endpoint !== endpoint) continue;
			if (fault.match !== undefined && !pathAndBody.includes(fault.match)) continue;
			armed.seen += 1;
			if (!this.strikes(armed)) continue;
			armed.used += 1;
			const { action } = fault;
			if (action.type === 'delay') result.delaySeconds += action.seconds;
			else if (action.type === 'failTask' || action.type === 'patchResult') result.fates.push(action);
			else if (action.type === 'dateHeader') result.date ??= action.value;
			else if (action.type === 'otherRecord') result.otherRecord = true;
			else result.trouble ??= action;
		}
		return result;
	}

	/** What a gateway that keeps answers makes of one. */
	cachedAnswer(answer: Answer, nowMs: number): Answer {
		if (answer.status >= 300) return answer;
		if (!this.cached || this.cached.untilMs <= nowMs) this.cached = { answer, untilMs: nowMs + CACHED_MS };
		return this.cached.answer;
	}

	/** First a page of HTML, the next time random bytes that are called a picture, and so on. */
	corruptPicture(): Answer {
		this.corruptPictures += 1;
		if (this.corruptPictures % 2 === 1) {
			const html = '<!DOCTYPE html><html><head><title>Storage</title></head><body>Please wait…</body></html>';
			return {
				status: 200,
				body: { kind: 'raw', bytes: Buffer.from(html), contentType: 'text/html; charset=utf-8' },
			};
		}
		return { status: 200, body: { kind: 'raw', bytes: randomBytes(20_000), contentType: 'image/png' } };
	}

	private strikes({ fault, seen, used }: ArmedFault): boolean {
		if (fault.probability !== undefined && fault.nth === undefined) {
			return this.random() < fault.probability && used < (fault.times ?? Infinity);
		}
		const first = fault.nth ?? 1;
		return seen >= first && seen < first + (fault.times ?? 1);
	}
}

/** The same structure with every value of another type. */
export function wrongTypes(value: unknown): unknown {
	if (value === null) return [];
	if (Array.isArray(value)) return Object.fromEntries(value.map((entry, i) => [`item${i}`, entry]));
	if (typeof value === 'object') {
		return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, wrongTypes(entry)]));
	}
	if (typeof value === 'string') return 42;
	if (typeof value === 'number') return 'forty-two';
	return 'yes';
}
