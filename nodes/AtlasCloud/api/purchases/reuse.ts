import { AtlasError } from '../errors';
import { Semaphore } from '../time/semaphore';
import type { RemoteContent } from '../files/remote';
import { sha256 } from '../hash';
import type { AtlasClient } from '../http/client';
import { canonicalJson } from '../json';
import type { HistoryTask } from '../predictions/history';
import { Recovery, type KnownPurchases } from './recovery';
import type { RequestShape } from './requestShape';

const HOUR_MS = 3_600_000;

/** Takes predictions that were bought before instead of buying the same again: the option Reuse Paid Results. */
export class Reuse {
	/** Readings of the history, by how many hours they go back: usually one for the whole run. */
	private readonly readings = new Map<number, Recovery>();

	/** One item at a time for each body, across all readings: two of them must not take the same prediction. */
	private readonly locks = new Map<string, Semaphore>();

	private readonly startedAtMs: number;

	constructor(
		private readonly client: AtlasClient,
		private readonly content: RemoteContent,
		private readonly known: KnownPurchases,
	) {
		this.startedAtMs = client.clock.nowMs();
	}

	/**
	 * Takes a prediction of this request that did not fail and that no item has, the newest first.
	 * @param hours how old it may be
	 * @param adopt makes it the item's, so that nobody else takes it
	 * @returns what `adopt` returns; null if there is none
	 * @throws AtlasError `read` if the history or an input of an earlier prediction cannot be read; CancelledError
	 */
	async take<T>(shape: RequestShape, hours: number, adopt: (task: HistoryTask) => T): Promise<T | null> {
		return await this.lockOf(shape).use(this.client.signal, async () => {
			const task = await this.readingOf(hours)
				.claim(shape)
				.catch((error: unknown) => {
					throw notSearchedError(error);
				});
			return task && adopt(task);
		});
	}

	private readingOf(hours: number): Recovery {
		const sinceMs = this.startedAtMs - hours * HOUR_MS;
		const rules = { slackMs: 0, mayClaim };
		const reading =
			this.readings.get(hours) ?? new Recovery(this.client, this.content, this.known, sinceMs, rules);
		this.readings.set(hours, reading);
		return reading;
	}

	private lockOf({ body }: RequestShape): Semaphore {
		const key = sha256(canonicalJson(body));
		const lock = this.locks.get(key) ?? new Semaphore(1);
		this.locks.set(key, lock);
		return lock;
	}
}

/** A moderated prediction is bought again like any other failed one: Atlas stops it again, and bills nothing. */
function mayClaim({ prediction }: HistoryTask): boolean {
	return prediction.status !== 'failed';
}

/** Buying without having searched could pay twice, so the item fails instead. */
function notSearchedError(error: unknown): unknown {
	if (!(error instanceof AtlasError)) return error;
	const { kind, message, statusCode, requestId } = error;
	const why = kind === 'unknown' ? message.replace(/^.*?: /, '') : message;
	return new AtlasError(`Couldn’t search for results to reuse: ${why}`, {
		kind: 'read',
		description:
			'Nothing was submitted or billed for this item. Run it again later, or lower Reuse Paid Results (Hours) under Options. Without that option, a new prediction is submitted and billed.',
		statusCode,
		requestId,
	});
}
