import type { TimeSpan } from '../time/atlasClock';

/** When a submit was in flight, on our clock. */
export interface FlightTimes {
	sentAtMs: number;
	/** When its answer came, was lost or was given up on. */
	endedAtMs: number;
}

/** How far a creation time may lie outside the flight: clocks differ a little, and a gateway may hold a request back. */
const EARLY_MS = 5_000;
const LATE_MS = 30_000;

/** When a submit's prediction can have been created. Outside of it, it is another purchase with the same body. */
export function creationWindow({ sentAtMs, endedAtMs }: FlightTimes): TimeSpan {
	return { fromMs: sentAtMs - EARLY_MS, toMs: endedAtMs + LATE_MS };
}

/** Whether a submit may have created a prediction of the same body, judging by when that was created. */
export function mayHaveCreated(submit: FlightTimes, created: TimeSpan): boolean {
	const { fromMs, toMs } = creationWindow(submit);
	return fromMs <= created.toMs && created.fromMs <= toMs;
}

/** A prediction in the history that has the body of a lost submit. */
export interface Candidate {
	id: string;
	/** When it was created, on our clock. */
	created: TimeSpan;
}

export type Assignment =
	| { kind: 'found'; id: string }
	/** More predictions fit than submits were lost, or it cannot be told whether one fits: nobody knows whose is whose. */
	| { kind: 'unclear'; ids: string[] };

/**
 * Assigns predictions to lost submits of the same body, the oldest to the oldest. Submits with equal bodies are
 * interchangeable.
 * @param othersCount other submits of this body that were given up as lost: predictions may be theirs, too
 * @returns by submit; a submit without a prediction is left out
 */
export function assign<T extends FlightTimes>(
	waiting: T[],
	candidates: Candidate[],
	othersCount: number,
): Map<T, Assignment> {
	const free = candidates
		.filter(({ created }) => waiting.some((submit) => mayHaveCreated(submit, created)))
		.sort((a, b) => a.created.fromMs - b.created.fromMs);
	if (free.length > waiting.length + othersCount) {
		const ids = free.map(({ id }) => id);
		return new Map(waiting.map((submit) => [submit, { kind: 'unclear', ids }]));
	}
	const assigned = new Map<T, Assignment>();
	for (const submit of [...waiting].sort((a, b) => a.sentAtMs - b.sentAtMs)) {
		const index = free.findIndex(({ created }) => mayHaveCreated(submit, created));
		if (index < 0) continue;
		const [{ id }] = free.splice(index, 1);
		assigned.set(submit, { kind: 'found', id });
	}
	return assigned;
}
