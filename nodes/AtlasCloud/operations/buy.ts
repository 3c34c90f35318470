import { AtlasError, CancelledError, runError } from '../api/errors';
import { asNumber, asString } from '../api/json';
import { beforeSubmit } from '../api/time/beforeSubmit';
import { plural } from '../api/text';
import { readDestination, type OutputDestination } from '../items/destination';
import { outputItems, timedOutItems, withInputImage } from '../items/outputItems';
import { NO_REASON } from '../n8n/errors';
import type { NodeRun, Outcome } from '../nodeRun';
import { simplifyField } from '../panel/optionFields';
import { readMaxCostUsd } from '../panel/options';
import { checkMaxCost, describeEstimate, type PlannedPurchase } from '../run/maxCost';
import { itemOperation, summaryOf, type ItemOperation } from '../run/operation';
import { requestsOf, type NodeKind, type PurchaseJob } from './kind';

/** Uploads, submits, waits, and downloads. */
export function buyOperation<Job extends PurchaseJob>(
	kind: NodeKind<Job>,
	option: ItemOperation['option'],
): ItemOperation {
	return itemOperation<Job & { destination: OutputDestination }>({
		option,
		fields: [...kind.fields, simplifyField, kind.options.buy],
		summary: { ...summaryOf(kind.style.words), isPaid: true },
		columns: kind.style.columns,
		...purchasing(kind),

		async read(run, itemIndex, options) {
			const job = await kind.read(run, itemIndex, options);
			const destination = readDestination(itemIndex, options, kind.baseNameOf(job), kind.style);
			return { ...job, destination };
		},

		async work(run, job) {
			const { items, error } = await purchasedItems(run, job, job.destination);
			return { ...(await withInputImage(run, items, job.destination, job.request.inputs[0])), error };
		},
	});
}

/**
 * Buys an item's predictions, waits for them, and downloads their files. What failed is an error beside the files of the
 * others: those are paid for.
 */
async function purchasedItems(
	run: NodeRun,
	job: PurchaseJob,
	destination: OutputDestination,
): Promise<Outcome> {
	const bought = await settleAll(requestsOf(job).map(async (request) => await run.buy(request, 'wait')));
	const counts = bought.results.map(({ prediction }) => prediction?.outputs.length ?? 0);
	const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
	const delivered = await settleAll(
		bought.results.map(async ({ prediction, predictionId, ...known }, i) => {
			if (!prediction) return timedOutItems(predictionId, known, destination, job.request);
			const positions = { before: sum(counts.slice(0, i)), count: sum(counts) };
			return await outputItems(run, prediction, known, destination, positions);
		}),
	);
	return { items: delivered.results.flat(), error: oneError([bought.error, delivered.error]) };
}

/** Waits for all, whatever fails: each may be paid for. @returns results in order, and what the others failed with */
export async function settleAll<T>(all: Array<Promise<T>>): Promise<{ results: T[]; error?: unknown }> {
	const settled = await Promise.allSettled(all);
	return {
		results: settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
		error: oneError(
			settled.map((one) => (one.status === 'fulfilled' ? undefined : (one.reason ?? new Error(NO_REASON)))),
		),
	};
}

/** The first of several errors, which tells of the others. What was only stopped by them says nothing. */
function oneError(errors: unknown[]): unknown {
	const all = errors.filter((error) => error !== undefined);
	const [first = all[0], ...others] = all.filter((error) => !(error instanceof CancelledError));
	if (others.length === 0 || !(first instanceof AtlasError)) return first;
	const messages = others.map((error) => (error instanceof Error ? error.message : String(error)));
	const description = `${first.description}\nAlso failed: ${[...new Set(messages)].join('; ')}`;
	return new AtlasError(first.message, { ...first, description });
}

type Purchasing<Job> = Pick<
	ItemOperation<Job>,
	'about' | 'checkAll' | 'resolve' | 'checkResolved' | 'refuse' | 'isSelfPaced'
>;

/** How every operation that buys checks its items. */
export function purchasing<Job extends PurchaseJob, J extends Job>(kind: NodeKind<Job>): Purchasing<J> {
	return {
		about: ({ request: { model, body }, notes }) => ({
			notes,
			model,
			prompt: asString(body.prompt),
			size: asString(body.size),
		}),
		/** Refuses a run that buys more than its limit, such as Max Edits per Run. */
		async checkAll(run, jobs) {
			const { purchase, maxPurchases } = kind.style.words;
			// What counts for the whole run is read from its first item.
			const max = asNumber(jobs[0].options[maxPurchases.name]) ?? maxPurchases.default;
			const bodies = jobs.flatMap((job) => requestsOf(job).map(({ body }) => body));
			if (bodies.length <= max) return;
			throw runError(
				`This run has ${plural(bodies.length, purchase)}, but '${maxPurchases.displayName}' is ${max}`,
				`${await describeEstimate(run, bodies)} Nothing was submitted. Increase '${maxPurchases.displayName}' under Options, or use fewer items.`,
			);
		},
		async resolve(run, job) {
			const { request } = job;
			const what = 'reading the model and the size of the input';
			const resolved = await beforeSubmit(run.client.clock, request, what, kind.resolve(run, job));
			return { ...resolved, request: { ...resolved.request, waitedMs: request.waitedMs } };
		},
		async checkResolved(run, jobs) {
			const planned = jobs.map((job): PlannedPurchase => ({
				request: job.request,
				count: requestsOf(job).filter((one) => run.ledger.mayBuy(one, one.mayResubmit)).length,
				toQuote: async () => await kind.quoteRequestOf(run, job),
			}));
			await checkMaxCost(run, planned, readMaxCostUsd(jobs[0].options));
		},
		refuse({ ledger }, { request }, objection) {
			request.refusal = objection;
			return ledger.of(request.itemIndex).some(({ fate }) => fate.state !== 'refused');
		},
		isSelfPaced: true,
	};
}
