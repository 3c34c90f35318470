import { areFilesDeleted } from '../files/remoteFiles';
import type { AtlasClient } from '../http/client';
import { tryReadPrediction } from '../predictions/readPrediction';
import { beforeSubmit } from '../time/clock';
import { notReusedError } from './errors';
import type { PurchaseTools } from './tools';
import {
	factsOf,
	idOf,
	isModerated,
	isPaid,
	isUnresolved,
	type Fate,
	type Origin,
	type PurchaseRecord,
	shownInput,
} from './record';
import type { Identity, PurchaseRequest } from './request';
import type { FoundRow, SearchQuery } from './search';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * How much earlier than the retried execution a prediction may be, in ms. The crashed machine's clock may have been
 * wrong, and comparing the content of a few more inputs does no harm.
 */
const RETRY_SLACK_MS = HOUR_MS;

/** Finds what is bought for a request already, if anything. */
export class Recall {
	/** Its time is up: nothing is taken for an item that has given up. */
	private isOver = false;

	private hasLooked = false;

	constructor(
		private readonly tools: PurchaseTools,
		private readonly request: PurchaseRequest,
		private readonly identity: Identity,
	) {}

	/**
	 * By an attempt before, the retried execution, a failed run, or lately by any. Each call looks anew, because what an
	 * earlier one found may have failed. Ends within the item's Timeout.
	 * @returns undefined if nothing is bought
	 * @throws AtlasError; CancelledError
	 */
	async find(): Promise<PurchaseRecord | undefined> {
		const { tools, request } = this;
		if (this.hasLooked) tools.search.readAgain();
		this.hasLooked = true;
		return await beforeSubmit(tools.clock, request, 'looking for earlier results', this.record()).catch(
			(error: unknown) => {
				this.isOver = true;
				throw error;
			},
		);
	}

	private async record(): Promise<PurchaseRecord | undefined> {
		const { ledger, leftovers, search, retriedSinceMs } = this.tools;
		const own = ledger.current(this.request);
		if (own && (isUnresolved(own) || isPaid(own) || isModerated(own))) {
			if (own.executionId !== ledger.scope.executionId) ledger.resume(own);
			if (own.origin !== 'reused') leftovers.resume(idOf(own) ?? '');
			return own;
		}
		// A refusal in this execution proves that nothing was created. One in an earlier execution does not: a retry that
		// crashed since, and left no record, may have bought it.
		const refused = own?.fate.state === 'refused' ? own : undefined;
		if (retriedSinceMs !== null && refused?.executionId !== ledger.scope.executionId) {
			// Rows that were refused together share a reading of the history.
			const sinceMs = refused?.endedAtMs && refused.endedAtMs - (refused.endedAtMs % MINUTE_MS);
			const query = this.query(sinceMs ?? retriedSinceMs - RETRY_SLACK_MS, true);
			const found = await search.take(query, (row) => this.adopt(row, 'own'));
			if (found && (isPaid(found) || isModerated(found))) return found;
		}
		return this.takeLeftover() ?? (await this.reuse());
	}

	private query(sinceMs: number, mayHaveFailed: boolean): SearchQuery {
		const giveUpAtMs = this.tools.clock.nowMs() + this.request.timeoutMs;
		return { identity: this.identity, sinceMs, mayHaveFailed, giveUpAtMs };
	}

	/** What an earlier run of this node paid for and did not return. */
	private takeLeftover(): PurchaseRecord | undefined {
		const { leftovers, ledger, clock } = this.tools;
		while (!this.isOver) {
			const left = leftovers.take(this.identity.fingerprint, (id) => !ledger.isTaken(id));
			if (!left) break;
			const facts = { ...left.facts, bodyHash: '', sentAtMs: clock.nowMs(), endedAtMs: undefined };
			const record = ledger.adopt(this.request, facts, { state: 'bought', id: left.id }, 'failedRun');
			if (record) return record;
		}
		return undefined;
	}

	/** What was bought for the same request within the last hours: the option Reuse Paid Results. */
	private async reuse(): Promise<PurchaseRecord | undefined> {
		const { client, ledger, search, startedAtMs } = this.tools;
		const { reuseHours } = this.request;
		while (reuseHours > 0) {
			const adoptRow = (row: FoundRow) => {
				const record = this.adopt(row, 'reused');
				return record && { record, row };
			};
			const query = this.query(startedAtMs - reuseHours * HOUR_MS, false);
			const taken = await search.take(query, adoptRow).catch((error: unknown) => {
				throw notReusedError(error);
			});
			if (!taken) return undefined;
			const { record, row } = taken;
			if (!(await areFilesGone(client, row))) return record;
			// It stays this item's, so that no other item tries it.
			const why = 'Atlas Cloud deleted its files';
			ledger.settle(record, { state: 'failed', id: row.id, why, isModerated: false });
		}
		return undefined;
	}

	/** Makes a prediction that was bought before the item's. */
	private adopt(row: FoundRow, origin: Origin): PurchaseRecord | null {
		if (this.isOver) return null;
		const { id, state, body } = row;
		const { ledger, clock } = this.tools;
		// Of a long value, only the hash is known.
		const shown = (value = '') => (/^https?:/i.test(value) ? shownInput(value) : 'data:…');
		const images = this.identity.inputs.map(({ place }) => shown(body.values.get(place)));
		// Its time starts anew: nobody has waited for it in this execution yet.
		const sent = { images, bodyHash: '', sentAtMs: clock.nowMs() };
		const fate: Fate & { id: string } =
			state === 'paid'
				? { state: 'bought', id }
				: { state: 'failed', id, why: '', isModerated: state === 'moderated' };
		return ledger.adopt(this.request, factsOf(this.request, this.identity, sent), fate, origin);
	}
}

/** Whether Atlas has deleted the files of a finished prediction. @throws CancelledError */
async function areFilesGone(
	client: AtlasClient,
	{ id, isCompleted, outputUrls }: FoundRow,
): Promise<boolean> {
	if (!isCompleted) return false;
	if (outputUrls.length > 0) return await areFilesDeleted(client, outputUrls);
	// The history may leave them out.
	const prediction = await tryReadPrediction(client, id);
	return await areFilesDeleted(client, prediction?.outputs.flatMap(({ url }) => url ?? []) ?? []);
}
