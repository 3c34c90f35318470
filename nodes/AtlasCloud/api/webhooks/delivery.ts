import { AtlasError } from '../errors';
import { asObject, parseJson } from '../json';
import { isPredictionId } from '../predictions/prediction';

/** The predictions that were handled, so that a delivery that comes twice is handled once. */
export class HandledPredictions {
	private readonly handled = new Set<string>();

	/** Another call may have stored them meanwhile. */
	private readonly forgotten = new Set<string>();

	/** Whether the handling that is under way succeeds. */
	private readonly inProgress = new Map<string, Promise<boolean>>();

	/**
	 * Handles a prediction, unless it was handled before. A delivery that comes meanwhile waits for the outcome: if it were
	 * told at once that all is well, the event would be lost when the first one fails.
	 * @param isStarted whether what was handled led to something in the end; until then other deliveries wait
	 * @returns null if it was handled before
	 * @throws whatever `handle` throws, and then it does not count as handled; AtlasError (`read`) if the handling that
	 * this delivery waited for failed
	 */
	async once<T>(
		predictionId: string,
		handle: () => Promise<T>,
		isStarted: () => Promise<boolean>,
	): Promise<T | null> {
		const other = this.inProgress.get(predictionId);
		if (other && !(await other)) throw repeatedError(predictionId);
		if (other || this.handled.has(predictionId)) return null;
		const handling = handle();
		this.inProgress.set(predictionId, this.outcome(predictionId, handling.then(isStarted)));
		const result = await handling;
		remember(this.handled, predictionId);
		this.forgotten.delete(predictionId);
		return result;
	}

	private async outcome(predictionId: string, started: Promise<boolean>): Promise<boolean> {
		const isStarted = await started.catch(() => false);
		this.inProgress.delete(predictionId);
		// Undone, so that the next delivery counts.
		if (!isStarted && this.handled.delete(predictionId)) remember(this.forgotten, predictionId);
		return isStarted;
	}

	/** Adds predictions that were handled elsewhere, the oldest first. Forgotten ones stay forgotten. */
	restore(predictionIds: string[]): void {
		for (const id of predictionIds) if (!this.forgotten.has(id)) remember(this.handled, id);
	}

	/** The predictions handled last, the oldest first. */
	newest(count: number): string[] {
		return [...this.handled].slice(-count);
	}
}

function repeatedError(predictionId: string): AtlasError {
	return new AtlasError('Another delivery of the same event couldn’t be handled', {
		kind: 'read',
		description: 'Atlas Cloud delivers it again.',
		predictionId,
	});
}

/**
 * The ID of the prediction that a delivery is about; null if it names none. Nothing else in the body is used: the API
 * knows the prediction's state now.
 */
export function deliveredPredictionId(rawBody: Uint8Array): string | null {
	const body = asObject(parseJson(Buffer.from(rawBody).toString('utf8')));
	return [body?.session_id, asObject(body?.payload)?.id].find(isPredictionId) ?? null;
}

/** How many are remembered. Atlas delivers again within minutes. */
const MAX_IDS = 10_000;

/** Adds an ID to a set that forgets the oldest. */
function remember(ids: Set<string>, id: string): void {
	ids.add(id);
	const [oldest] = ids;
	if (ids.size > MAX_IDS) ids.delete(oldest);
}
