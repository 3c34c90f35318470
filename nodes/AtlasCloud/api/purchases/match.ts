import type { TimeSpan } from '../time/atlasClock';

/** A prediction in the history that has the body of a lost submit. */
export interface Candidate {
	predictionId: string;
	/** When it was created, on our clock. */
	created: TimeSpan;
}

export type Assignment =
	| { kind: 'found'; predictionId: string }
	/** More predictions fit than submits were lost: nobody can say whose is whose. */
	| { kind: 'ambiguous'; predictionIds: string[] };

/**
 * Assigns predictions to lost submits of the same body, the oldest to the oldest. Submits with equal bodies are
 * interchangeable.
 * @param unknownCount other submits of this body that were given up as unknown: predictions may be theirs, too
 * @returns by submit; a submit without a prediction is left out
 */
export function assign<T extends FlightTimes>(
	waiting: T[],
	candidates: Candidate[],
	unknownCount: number,
): Map<T, Assignment> {
	const free = candidates
		.filter(({ created }) => waiting.some((submit) => mayHaveCreated(submit, created)))
		.sort((a, b) => a.created.fromMs - b.created.fromMs);
	if (free.length > waiting.length + unknownCount) {
		const predictionIds = free.map(({ predictionId }) => predictionId);
		return new Map(waiting.map((submit) => [submit, { kind: 'ambiguous', predictionIds }]));
	}
	const assigned = new Map<T, Assignment>();
	for (const submit of [...waiting].sort((a, b) => a.sentAtMs - b.sentAtMs)) {
		const index = free.findIndex(({ created }) => mayHaveCreated(submit, created));
		if (index < 0) continue;
		const [{ predictionId }] = free.splice(index, 1);
		assigned.set(submit, { kind: 'found', predictionId });
	}
	return assigned;
}

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
