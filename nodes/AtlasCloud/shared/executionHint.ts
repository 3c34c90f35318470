import type { IBinaryKeyData, IDataObject, INodeExecutionData } from 'n8n-workflow';
import { asNumber, asObject, asString } from '../api/json';
import { knownModel } from '../api/models/models';
import { dollars, estimateUsd } from '../api/models/prices';
import type { NodeRun } from './nodeRun';
import type { OperationSummary } from './operation';
import { plural } from './summary';

/** Above this, the hint says that n8n holds the run's files in memory. */
const LARGE_IN_MEMORY_BYTES = 50_000_000;

/** With fewer items, there is nothing to hold back. */
const MIN_ITEMS_FOR_CONCURRENCY = 21;

const HELD_BACK = {
	option: ' (the limit set by Concurrency)',
	service: ' (as many as Atlas Cloud runs)',
	refusals: ' (Atlas Cloud refused more)',
	rate: ' (Atlas Cloud limits submits per second)',
	nothing: '',
};

interface Cost {
	usd: number;
	/** Whether a list price is part of the sum. */
	isEstimate: boolean;
	/** Predictions with neither a reported nor a list price. */
	unknownCount: number;
}

/**
 * Sums up a run under its output: what was done, seconds, dollars, and advice.
 * @param items the run's own: without the fields of their input items, which may describe other predictions
 */
export async function addExecutionHint(
	run: NodeRun,
	summary: OperationSummary,
	items: INodeExecutionData[],
): Promise<void> {
	const { context } = run;
	const done = items.filter((item) => !isFailedItem(item));
	const failedCount = items.length - done.length;
	const seconds = (run.client.clock.nowMs() - run.startedAtMs) / 1_000;
	const reusedIds = run.intents.reusedIds();
	const isReused = ({ json }: INodeExecutionData) => reusedIds.has(String(json.predictionId));
	const reused = done.filter(isReused);
	const billed = done.filter((item) => !isReused(item));
	const sentences = [
		`${describeCounts(summary, done, failedCount)} in ${seconds.toFixed(1)} s.`,
		describeConcurrency(run, summary),
		describeCost(await costOf(run, summary, billed), summary),
		reused.length === 0 ? '' : describeReuse(reusedIds.size, await costOf(run, summary, reused)),
		retryAdvice(run, summary, failedCount),
		pinAdvice(run, summary, done),
		memoryAdvice(run, items),
		...run.notes,
	];
	// Older versions of n8n have no such hints.
	context.addExecutionHints?.({
		message: sentences.filter((sentence) => sentence !== '').join(' '),
		type: failedCount > 0 ? 'warning' : 'info',
		location: 'outputPane',
	});
}

/** A failed item has the one key `error`, an object. */
function isFailedItem({ json }: INodeExecutionData): boolean {
	return Object.keys(json).length === 1 && asObject(json.error) !== undefined;
}

function describeCounts(summary: OperationSummary, done: INodeExecutionData[], errorCount: number): string {
	const counts = summary.count(done);
	const failedCount = errorCount + counts.failedCount;
	const parts = [...counts.done, ...(failedCount > 0 ? [`${failedCount} failed`] : [])];
	return parts.join(', ') || 'Nothing to do';
}

/** In a large run: how many ran at once, and why not more. Empty for operations that do not wait for what they buy. */
function describeConcurrency({ context, flights, purchases }: NodeRun, { isPaid }: OperationSummary): string {
	if (!isPaid || context.getInputData().length < MIN_ITEMS_FOR_CONCURRENCY) return '';
	const { peak, heldBackBy } = flights.summary();
	if (peak === 0) return '';
	const cause = heldBackBy === 'nothing' && purchases.isSlowed ? 'rate' : heldBackBy;
	return `Up to ${peak} ran at once${HELD_BACK[cause]}.`;
}

/** What a prediction costs by its list price; null if that is not known. */
async function estimateOf(run: NodeRun, json: IDataObject): Promise<number | null> {
	const estimate = run.estimates.get(asString(json.predictionId) ?? '');
	if (estimate !== undefined) return estimate;
	const model = asString(json.model);
	// A list price can be per second or per minute.
	if (model === null || 'fileIndex' in json) return null;
	// The run has read the model's rules already: a hint is worth no request.
	const price = knownModel(model)?.price ?? (await run.models.rulesOf(model)).price;
	return price ? estimateUsd(price, { num_images: json.imageCount }) : null;
}

/** The first image or file carries the price of the whole prediction. */
function isFirstOfPrediction({ imageIndex, fileIndex }: IDataObject): boolean {
	return (asNumber(imageIndex ?? fileIndex) ?? 0) <= 0;
}

async function costOf(
	run: NodeRun,
	{ reportedPrice, isPaid = false }: OperationSummary,
	done: INodeExecutionData[],
): Promise<Cost> {
	const cost: Cost = { usd: 0, isEstimate: false, unknownCount: 0 };
	if (!isPaid || !reportedPrice) return cost;
	const billed = done.filter(({ json }) => isFirstOfPrediction(json) && json.status !== 'failed');
	for (const { json } of billed) {
		const reported = reportedPrice(json);
		const usd = reported ?? (await estimateOf(run, json));
		if (usd === null) cost.unknownCount++;
		else cost.usd += usd;
		cost.isEstimate ||= usd !== null && reported === null;
	}
	return cost;
}

/** What Reuse Paid Results saved. @param saved what the reused results had cost */
function describeReuse(count: number, { usd, isEstimate }: Cost): string {
	const reused = `Reused ${plural(count, 'earlier result')}`;
	if (usd === 0) return `${reused}, not billed again.`;
	return `${reused}, which saved ${isEstimate ? 'about ' : ''}${dollars(usd)}.`;
}

function describeCost({ usd, isEstimate, unknownCount }: Cost, { noun = 'edit' }: OperationSummary): string {
	const unknown = unknownCount > 0 ? `the price of ${plural(unknownCount, noun)} is not known` : '';
	if (usd === 0) return unknown === '' ? '' : `Cost: ${unknown}.`;
	const sum = isEstimate ? `about ${dollars(usd)}, an estimate from the list price` : dollars(usd);
	return `Cost: ${sum}${unknown === '' ? '' : `; ${unknown}`}.`;
}

function retryAdvice({ context }: NodeRun, summary: OperationSummary, failedCount: number): string {
	const { isPaid, noun = 'edit' } = summary;
	if (!isPaid || failedCount === 0 || context.getNode().retryOnFail) return '';
	const one = `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;
	return `Retry On Fail (under Settings) is safe here: ${one} that was submitted is taken up again, not paid for again.`;
}

/** While building a workflow, people run the paid node again and again unless its output is pinned. */
function pinAdvice({ context }: NodeRun, summary: OperationSummary, done: INodeExecutionData[]): string {
	const { isPaid, pinAdvice: advice = 'n8n can pin this output only with Download Images off.' } = summary;
	const hasFiles = done.some(({ binary }) => binary !== undefined);
	if (!isPaid || !hasFiles || context.getMode() !== 'manual') return '';
	return advice;
}

function memoryAdvice({ context }: NodeRun, items: INodeExecutionData[]): string {
	const bytes = [...context.getInputData(), ...items].reduce((sum, { binary }) => sum + inMemory(binary), 0);
	if (bytes < LARGE_IN_MEMORY_BYTES) return '';
	return `n8n holds ${Math.round(bytes / 1_000_000)} MB of this run’s files in memory; the environment variable N8N_DEFAULT_BINARY_DATA_MODE=filesystem keeps them on disk.`;
}

/** Bytes held in the item itself, as base64. Stored files have an id. */
function inMemory(binary: IBinaryKeyData | undefined): number {
	return Object.values(binary ?? {}).reduce(
		(sum, { id, data }) => (id ? sum : sum + ((data?.length ?? 0) * 3) / 4),
		0,
	);
}
