import { AtlasError } from '../errors';
import { plural } from '../words';
import { withinMs, type Clock } from './clock';

/**
 * Waits for something that an item needs before its submit, at most as long as the item's Timeout. The work itself goes
 * on: other items may share it, and wait longer.
 * @param what what the work does, as the beginning of a sentence: `Uploading its files`
 * @throws AtlasError (`read`) when the time is up; whatever `work` throws
 */
export async function beforeSubmit<T>(
	clock: Clock,
	timeoutMs: number,
	what: string,
	work: Promise<T>,
): Promise<T> {
	return await withinMs(
		clock,
		timeoutMs,
		work,
		() =>
			new AtlasError(`${what} took longer than ${plural(timeoutMs / 1_000, 'second')}`, {
				kind: 'read',
				description:
					"Nothing was submitted for this item. Run the workflow again later, or increase 'Timeout (Seconds)' under Options.",
			}),
	);
}
