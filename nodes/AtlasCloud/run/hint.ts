import type { INodeExecutionData } from 'n8n-workflow';
import { asNumber, asObject, asString } from '../api/json';
import { dollars } from '../api/models/prices';
import { idOf, type Origin } from '../api/purchases/record';
import type { NodeRun } from '../nodeRun';
import type { Operation } from './operation';
import { withoutTags, plural } from '../api/text';

/** With fewer items, there is nothing to hold back. */
const MIN_ITEMS_FOR_CONCURRENCY = 21;

const HELD_BACK = {
	option: " (the limit set by 'Concurrency')",
	service: ' (the most Atlas Cloud runs at once for your account)',
	refusals: ' (Atlas Cloud refused more)',
	rate: ' (Atlas Cloud limits submits per second)',
	nothing: '',
};

/** Each row may have its own. */
const MAX_NOTES = 5;

interface Cost {
	usd: number;
	/** Whether an estimate is part of the sum. */
	isEstimate: boolean;
	/** Predictions with neither a reported price nor an estimate. */
	unknownCount: number;
}

/**
 * Sums up a run under its output: what was done, seconds, dollars, and advice.
 * @param items the run's own: without the fields of their input items, which may describe other predictions
 * @param notes sentences of the items; each is said once
 */
export function addExecutionHint(
	run: NodeRun,
	operation: Pick<Operation, 'count' | 'buys'>,
	items: INodeExecutionData[],
	notes: string[],
): void {
	if (!operation.count) return;
	const { buys } = operation;
	const done = items.filter((item) => !isFailedItem(item));
	const failed = items.filter((item) => isFailedItem(item) || item.json.status === 'failed');
	const leftover = takenFrom(run, 'failedRun', done);
	const reused = takenFrom(run, 'reused', done);
	const taken = new Set([...leftover, ...reused]);
	const seconds = (run.client.clock.nowMs() - run.startedAtMs) / 1_000;
	// Less is no time worth telling.
	const time = seconds < 0.05 ? '' : ` in ${seconds.toFixed(1)} s`;
	const what = operation.count(done).join(', ') || (failed.length === 0 ? 'No results' : '');
	const billed = done.filter((item) => !taken.has(item));
	const sentences = [
		what && `${what}${time}${describeCost(run, buys, billed)}.`,
		failed.length === 0 ? '' : `${failed.length} failed${rowsOf(failed)}.`,
		...(buys === undefined
			? []
			: [
					describeConcurrency(run),
					describeTaken(run, leftover, 'result', ' of an earlier run of this node'),
					describeTaken(run, reused, 'earlier result'),
					waitAdvice(items.filter(isFailedItem)),
				]),
		...[...new Set(notes)].slice(0, MAX_NOTES),
	];
	// Older versions of n8n have no such hints.
	run.context.addExecutionHints?.({
		// n8n shows it as HTML.
		message: withoutTags(sentences.filter((sentence) => sentence !== '').join(' ')),
		type: items.some(isFailedItem) ? 'warning' : 'info',
		location: 'outputPane',
	});
}

/** A failed item has the one key `error`, an object. */
export function isFailedItem({ json }: INodeExecutionData): boolean {
	return Object.keys(json).length === 1 && asObject(json.error) !== undefined;
}

const MAX_ROWS = 10;

/** `: row 6`, `: rows 2, 6 and 8`; rows count from 1, as in the table of the input. */
function rowsOf(items: INodeExecutionData[]): string {
	const indexes = items.flatMap(({ pairedItem }) => asNumber(asObject(pairedItem)?.item) ?? []);
	const rows = [...new Set(indexes)].sort((a, b) => a - b).map((index) => index + 1);
	if (rows.length <= 1) return rows.length === 0 ? '' : `: row ${rows[0]}`;
	const named = rows.slice(0, MAX_ROWS);
	const last = rows.length > MAX_ROWS ? `${rows.length - MAX_ROWS} more` : String(named.pop());
	return `: rows ${named.join(', ')} and ${last}`;
}

/** In a large run: how many ran at once, and why not more. Empty for operations that do not wait for what they buy. */
function describeConcurrency({ context, places }: NodeRun): string {
	if (context.getInputData().length < MIN_ITEMS_FOR_CONCURRENCY) return '';
	const { peak, heldBackBy } = places.summary();
	return peak === 0 ? '' : `Up to ${peak} ran at once${HELD_BACK[heldBackBy]}.`;
}

function costOf(run: NodeRun, done: INodeExecutionData[]): Cost {
	const cost: Cost = { usd: 0, isEstimate: false, unknownCount: 0 };
	// By what was asked for: a sequential model may have made fewer images, which cost less.
	const estimates = new Map(run.ledger.delivered().map((one) => [idOf(one) as unknown, one.estimateUsd]));
	// The first item of a prediction carries its price.
	const firsts = new Map(done.toReversed().map(({ json }) => [json.predictionId, json]));
	for (const [predictionId, { status, priceUsd }] of firsts) {
		if (status === 'failed') continue;
		const reported = asNumber(priceUsd);
		const usd = reported ?? estimates.get(predictionId) ?? null;
		if (usd === null) cost.unknownCount++;
		else cost.usd += usd;
		cost.isEstimate ||= usd !== null && reported === null;
	}
	return cost;
}

/** The items whose predictions were taken from there instead of being bought. */
function takenFrom(run: NodeRun, origin: Origin, done: INodeExecutionData[]): INodeExecutionData[] {
	const ids = new Set(run.ledger.takenFrom(origin).map(idOf));
	return done.filter(({ json }) => ids.has(asString(json.predictionId) ?? ''));
}

/** How many results were taken instead of being bought, and what that saved. */
function describeTaken(run: NodeRun, taken: INodeExecutionData[], noun: string, from = ''): string {
	const count = new Set(taken.map(({ json }) => json.predictionId)).size;
	if (count === 0) return '';
	const { usd, isEstimate } = costOf(run, taken);
	const saved = usd === 0 ? 'not billed again' : `which saved ${isEstimate ? 'about ' : ''}${dollars(usd)}`;
	return `Reused ${plural(count, noun)}${from}, ${saved}.`;
}

/** Follows what was done; ` for about $0.05` if an estimate is part of the sum. Empty if nothing was billed. */
function describeCost(run: NodeRun, buys: string | undefined, billed: INodeExecutionData[]): string {
	if (buys === undefined) return '';
	const { usd, isEstimate, unknownCount } = costOf(run, billed);
	const sum = usd === 0 ? '' : ` for ${isEstimate ? 'about ' : ''}${dollars(usd)}`;
	if (unknownCount === 0) return sum;
	return sum === '' ? ' (price unknown)' : `${sum} (the price of ${plural(unknownCount, buys)} is unknown)`;
}

/** Helps if all that failed is paid for. Another run would buy again what did not fail. */
function waitAdvice(failed: INodeExecutionData[]): string {
	const isPaid = ({ json }: INodeExecutionData) => {
		const { predictionId, status } = asObject(json.error) ?? {};
		return asString(predictionId) !== null && status !== 'failed';
	};
	if (failed.length === 0 || !failed.every(isPaid)) return '';
	return 'To get what failed without being billed again, use Prediction > Wait for Completion with the prediction IDs in those rows.';
}
