import { AtlasError, CancelledError, runError } from '../api/errors';
import { asNumber, asString } from '../api/json';
import { sentSize } from '../api/models/sizes';
import { buy, type Bought } from '../api/purchases/buy';
import { plural } from '../api/text';
import { beforeSubmit } from '../api/time/clock';
import { readDestination, type OutputDestination } from '../items/destination';
import { outputItems, timedOutItems, withInputImage } from '../items/outputItems';
import { NO_REASON } from '../n8n/errors';
import type { NodeRun } from '../nodeRun';
import { simplifyField } from '../panel/optionFields';
import { readMaxCostUsd } from '../panel/options';
import { checkMaxCost, describeEstimate } from '../run/maxCost';
import type { Operation } from '../run/operation';
import { countResults, requestsOf, type NodeKind, type PurchaseJob } from './kind';

/** Uploads, submits, waits, and downloads. What failed is an error beside the files of the others: those are paid for. */
export function buyOperation(
	kind: NodeKind,
	option: Operation['option'],
): Operation<PurchaseJob & { destination: OutputDestination }> {
	return {
		option,
		fields: [...kind.fields, simplifyField, kind.options.buy],
		count: (done) => countResults(kind.style, done),
		columns: kind.style.columns,
		...purchasing(kind),

		async read(run, itemIndex, options) {
			const job = await kind.read(run, itemIndex, options);
			const baseName = kind.baseNameOf(job.request);
			const destination = readDestination(itemIndex, options, baseName, kind.style, run.hasExecution);
			return { ...job, destination };
		},

		async work(run, job) {
			const { destination, request } = job;
			const bought = await buyAll(run, job, 'wait');
			const counts = bought.results.map(({ prediction }) => prediction?.outputs.length ?? 0);
			const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
			const delivered = await settleAll(
				bought.results.map(async ({ prediction, predictionId, ...known }, i) => {
					if (!prediction) return timedOutItems(predictionId, known, destination, request);
					const positions = { before: sum(counts.slice(0, i)), count: sum(counts) };
					return await outputItems(run, prediction, known, destination, positions);
				}),
			);
			const items = delivered.results.flat();
			const error = oneError([bought.error, delivered.error]);
			return { ...(await withInputImage(run, items, destination, request.inputs[0])), error };
		},
	};
}

interface Settled<T> {
	/** In order. */
	results: T[];
	/** What the others failed with. */
	error?: unknown;
}

export async function buyAll(
	run: NodeRun,
	job: PurchaseJob,
	then: 'wait' | 'leave',
): Promise<Settled<Bought>> {
	return await settleAll(requestsOf(job).map(async (request) => await buy(run, request, then)));
}

/** Waits for all, whatever fails: each may be paid for. */
async function settleAll<T>(all: Array<Promise<T>>): Promise<Settled<T>> {
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

/** How every operation that buys checks its items. */
export function purchasing(kind: NodeKind) {
	return {
		isSelfPaced: true,
		buys: kind.style.purchase,

		about: ({ request: { model, body }, notes }) => ({
			notes,
			model,
			prompt: asString(body.prompt),
			size: sentSize(body),
		}),

		/** Refuses a run that buys more than its limit, such as Max Edits per Run. */
		async checkAll(run, jobs) {
			const { purchase, maxPurchases } = kind.style;
			// What counts for the whole run is read from its first item.
			const max = asNumber(jobs[0].options[maxPurchases.name]) ?? maxPurchases.default;
			const bodies = jobs.flatMap((job) => requestsOf(job).map(({ body }) => body));
			if (bodies.length <= max) return;
			throw runError(
				`This run has ${plural(bodies.length, purchase)}, but '${maxPurchases.displayName}' is ${max}`,
				`${await describeEstimate(run, bodies)} Nothing was submitted. Increase '${maxPurchases.displayName}' under Options, or use fewer items.`,
			);
		},

		async resolve<Job extends PurchaseJob>(run: NodeRun, job: Job): Promise<Job> {
			const { request } = job;
			const what = 'reading the model and the size of the input';
			const resolved = await beforeSubmit(run.client.clock, request, what, job.resolve());
			return { ...job, ...resolved, request: { ...resolved.request, waitedMs: request.waitedMs } };
		},

		async checkResolved(run, jobs) {
			const planned = jobs.map((job) => ({
				request: job.request,
				count: requestsOf(job).filter((one) => run.ledger.mayBuy(one, one.mayResubmit)).length,
				toQuote: async () => await kind.quoteRequestOf(run, job.request),
			}));
			await checkMaxCost(run, planned, readMaxCostUsd(jobs[0].options));
		},

		refuse({ ledger }, { request }, objection) {
			request.refusal = objection;
			return ledger.of(request.itemIndex).some(({ fate }) => fate.state !== 'refused');
		},
	} satisfies Partial<Operation<PurchaseJob>>;
}
