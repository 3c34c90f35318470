import type { IBinaryKeyData, INodeExecutionData } from 'n8n-workflow';
import { asNumber, asObject, asString } from '../../api/json';
import { knownModel } from '../../api/models/models';
import type { NodeRun } from './nodeRun';

/** From here on it is worth telling that n8n holds the run's files in memory. */
const MUCH_IN_MEMORY_BYTES = 50_000_000;

/** What the items cost: as Atlas told, as the list price lets expect, and edits of which neither is known. */
interface Cost {
	usd: number;
	isEstimate: boolean;
	unknownCount: number;
}

/** Sums a run up for the person at the editor: pictures, failures, seconds, dollars. */
export async function addExecutionHint(
	run: NodeRun,
	operation: string,
	items: INodeExecutionData[],
): Promise<void> {
	const { context } = run;
	const failedCount = items.filter(isFailedItem).length;
	const done = items.filter((item) => !isFailedItem(item));
	const seconds = (run.client.clock.nowMs() - run.startedAtMs) / 1_000;
	const message = [
		`${counted(operation, done, failedCount)} in ${seconds.toFixed(1)} s.`,
		operation === 'upload' ? '' : describeCost(await costOf(run, operation, done)),
		retryAdvice(run, operation, failedCount),
		pinAdvice(run, operation, done),
		memoryAdvice(run, items),
	];
	// An older n8n has no such hints.
	context.addExecutionHints?.({
		message: message.filter((sentence) => sentence !== '').join(' '),
		type: failedCount > 0 ? 'warning' : 'info',
		location: 'outputPane',
	});
}

/** A failed item has the one key `error`, an object. */
function isFailedItem({ json }: INodeExecutionData): boolean {
	return Object.keys(json).length === 1 && asObject(json.error) !== undefined;
}

function plural(count: number, noun: string): string {
	return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function counted(operation: string, done: INodeExecutionData[], failedCount: number): string {
	const parts: string[] = [];
	const tell = (count: number, text: string) => {
		if (count > 0) parts.push(text);
	};
	if (operation === 'upload') {
		const pictures = done.flatMap(({ json }) => (Array.isArray(json.urls) ? (json.urls as unknown[]) : []));
		tell(pictures.length, `${plural(pictures.length, 'picture')} uploaded`);
	} else if (operation === 'submit') {
		tell(done.length, `${plural(done.length, 'edit')} submitted`);
	} else {
		const pictures = done.filter(({ json }) => json.status === 'completed').length;
		const going = done.filter(({ json }) => json.status === 'processing').length;
		tell(pictures, plural(pictures, 'picture'));
		tell(going, `${plural(going, 'edit')} still going`);
		failedCount += done.filter(({ json }) => json.status === 'failed').length;
	}
	tell(failedCount, `${failedCount} failed`);
	return parts.join(', ') || 'Nothing to do';
}

async function listPrice(run: NodeRun, operation: string, model: string | null): Promise<number | null> {
	if (model === null) return null;
	const known = knownModel(model);
	if (known) return known.priceUsd;
	// Edit and Submit have read the model's rules already; for the others no request is made.
	const hasRules = operation === 'edit' || operation === 'submit';
	return hasRules ? ((await run.rulesOf(model)).priceUsd ?? null) : null;
}

async function costOf(run: NodeRun, operation: string, done: INodeExecutionData[]): Promise<Cost> {
	const cost: Cost = { usd: 0, isEstimate: false, unknownCount: 0 };
	for (const { json } of done) {
		// The price of a prediction stands on its first picture.
		if ((asNumber(json.imageIndex) ?? 0) > 0 || json.status === 'failed') continue;
		const price = operation === 'submit' ? null : asNumber(json.priceUsd);
		const expected = price ?? (await listPrice(run, operation, asString(json.model)));
		if (expected === null) cost.unknownCount++;
		else cost.usd += price ?? expected * Math.max(1, asNumber(json.imageCount) ?? 1);
		cost.isEstimate ||= price === null && expected !== null;
	}
	return cost;
}

function describeCost({ usd, isEstimate, unknownCount }: Cost): string {
	const unknown = unknownCount > 0 ? `the price of ${plural(unknownCount, 'edit')} is not known` : '';
	if (usd === 0) return unknown === '' ? '' : `Cost: ${unknown}.`;
	// Thousandths of a dollar where there are any, else cents.
	const dollars = `$${usd.toFixed(3).replace(/0$/, '')}`;
	const sum = isEstimate ? `about ${dollars}, an estimate from the list price` : dollars;
	return `Cost: ${sum}${unknown === '' ? '' : `; ${unknown}`}.`;
}

function retryAdvice({ context }: NodeRun, operation: string, failedCount: number): string {
	const isPaid = operation === 'edit' || operation === 'submit';
	if (!isPaid || failedCount === 0 || context.getNode().retryOnFail) return '';
	return 'Retry On Fail (under Settings) is safe here: an edit that was submitted is taken up again, not paid for again.';
}

/** Somebody who builds on the result runs the node again and again, unless it is pinned. */
function pinAdvice({ context }: NodeRun, operation: string, done: INodeExecutionData[]): string {
	const hasFiles = done.some(({ binary }) => binary !== undefined);
	if (operation !== 'edit' || !hasFiles || context.getMode() !== 'manual') return '';
	return 'n8n can pin this output only with Download Images off.';
}

function memoryAdvice({ context }: NodeRun, items: INodeExecutionData[]): string {
	const bytes = [...context.getInputData(), ...items].reduce((sum, { binary }) => sum + inMemory(binary), 0);
	if (bytes < MUCH_IN_MEMORY_BYTES) return '';
	return `n8n holds ${Math.round(bytes / 1_000_000)} MB of this run’s files in memory; the environment variable N8N_DEFAULT_BINARY_DATA_MODE=filesystem keeps them on disk.`;
}

/** Stored files have an id; the others stand in the item itself, in base64. */
function inMemory(binary: IBinaryKeyData | undefined): number {
	return Object.values(binary ?? {}).reduce(
		(sum, { id, data }) => (id ? sum : sum + ((data?.length ?? 0) * 3) / 4),
		0,
	);
}
