import { AtlasError } from '../errors';
import { plural } from '../text';
import { withinMs, type Clock } from './clock';

/** Who waits. */
interface Waiting {
	/** How long it may wait before its submit, in ms. Waiting for a place does not count. */
	timeoutMs: number;
	/** How long it has waited already, in ms. */
	waitedMs?: number;
}

/**
 * Waits for something that an item needs before its submit. All such waits end within the item's Timeout. The work itself
 * goes on: other items may share it, and wait longer.
 * @param waiting gets what this wait took
 * @param what what the work does, as the end of a sentence: `uploading its files`
 * @throws AtlasError (`read`) when the time is up; whatever `work` throws
 */
export async function beforeSubmit<T>(
	clock: Clock,
	waiting: Waiting,
	what: string,
	work: Promise<T>,
): Promise<T> {
	const { timeoutMs, waitedMs = 0 } = waiting;
	const startMs = clock.nowMs();
	const timedOut = () =>
		new AtlasError(`Preparing the request took longer than ${plural(timeoutMs / 1_000, 'second')}: ${what}`, {
			kind: 'read',
			description:
				"Nothing was submitted for this item. Run the workflow again later, or increase 'Timeout (Seconds)' under Options.",
		});
	return await withinMs(clock, timeoutMs - waitedMs, work, timedOut).finally(() => {
		waiting.waitedMs = waitedMs + clock.nowMs() - startMs;
	});
}
