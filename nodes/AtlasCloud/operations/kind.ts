import type { IDataObject, INodeProperties } from 'n8n-workflow';
import { runError } from '../api/errors';
import { asNumber, asString, omit, type JsonObject } from '../api/json';
import type { QuoteRequest } from '../api/models/quotes';
import type { Bought } from '../api/purchases/buy';
import type { PurchaseRequest } from '../api/purchases/request';
import { beforeSubmit } from '../api/time/beforeSubmit';
import { plural } from '../api/words';
import type { OutputStyle } from '../items/destination';
import { readTimeout } from '../items/timeout';
import type { NodeRun } from '../nodeRun';
import type { OptionFields } from '../panel/optionFields';
import { readModel } from '../panel/modelField';
import { readExtraBodyFields, readMaxCostUsd, readRetentionHeaders, readWebhookUrl } from '../panel/options';
import { checkMaxCost, describeEstimate, type PlannedPurchase } from '../run/maxCost';
import type { ItemOperation } from '../run/operation';

/** What one item wants to buy. */
export interface PurchaseJob {
	/** Complete only once it is resolved. */
	request: PurchaseRequest;
	/** How many predictions to buy, all by this request. Until it is resolved, the number of images wanted. */
	predictionCount: number;
	options: IDataObject;
	/** Sentences for the execution hint. */
	notes?: string[];
}

/** How the nodes differ where they read the same. */
interface RequestReading {
	/** An ID for messages. */
	exampleModel: string;
	/** What Extra Body Fields may not set. */
	ownFields: string[];
	/** Used where Timeout is not set. */
	timeoutSeconds: number;
	/** Used where Webhook URL is not set. */
	webhookUrl?: unknown;
}

/** The model and the options of an item that buys: its request without inputs. @throws AtlasError (`input`) */
export function readRequest(
	{ context, client }: NodeRun,
	itemIndex: number,
	options: IDataObject,
	{ exampleModel, ownFields, timeoutSeconds, webhookUrl }: RequestReading,
): PurchaseRequest {
	const model = readModel(context, itemIndex, exampleModel);
	const extra = readExtraBodyFields(options, ownFields);
	const urls = { webhook_url: webhookUrl, ...extra };
	readMaxCostUsd(options);
	return {
		itemIndex,
		model,
		endpoint: '',
		inputs: [],
		body: { ...omit(extra, 'webhook_url'), model },
		headers: readRetentionHeaders(options),
		webhookUrl: readWebhookUrl(options, urls, client.baseUrl),
		...readTimeout(options, timeoutSeconds),
		mayResubmit: options.resubmitUnknown === true,
		reuseHours: asNumber(options.reuseHours) ?? 0,
	};
}

/** What an item buys: each prediction is a purchase of its own, with its own record. */
export function requestsOf({ request, predictionCount }: PurchaseJob): PurchaseRequest[] {
	return Array.from({ length: predictionCount }, (_, imageIndex) => ({ ...request, imageIndex }));
}

/** What differs between Seedream Edit and Atlas Cloud Models where both do the same. */
export interface NodeKind<Job extends PurchaseJob = PurchaseJob> {
	style: OutputStyle;
	/** What is asked for in every operation that submits or quotes. */
	fields: INodeProperties[];
	options: OptionFields;
	/** How long to wait for a prediction of which nothing but its ID is known, in seconds. */
	timeoutSeconds: number;
	/** Reads and checks an item's fields. Sends nothing. @throws AtlasError (`input`) */
	read(run: NodeRun, itemIndex: number, options: IDataObject): Promise<Job>;
	/** Completes a job with what takes a free request to know. @throws AtlasError (`input`); CancelledError */
	resolve<J extends Job>(run: NodeRun, job: J): Promise<J>;
	/** The request as far as an estimate needs it, before the job is resolved. */
	bodyOf(job: Job): JsonObject & { model: string };
	/** What to ask a quote for. Uploads at most files whose length is billed. */
	quoteRequestOf(run: NodeRun, job: Job): Promise<QuoteRequest>;
	/** The name of the first file, without extension. */
	baseNameOf(job: Job): string;
	/** What Submit says of the inputs. */
	inputsJson(bought: Bought): IDataObject;
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
		checkAll: async (run, jobs) => await checkMaxPurchases(kind, run, jobs),
		resolve: async (run, job) =>
			await beforeSubmit(
				run.client.clock,
				job.request.timeoutMs,
				'Reading the model and the size of the input',
				kind.resolve(run, job),
			),
		async checkResolved(run, jobs) {
			const planned = jobs.map((job): PlannedPurchase => ({
				request: job.request,
				count: requestsOf(job).filter((one) => run.ledger.mayBuy(one, one.mayResubmit)).length,
				toQuote: async () => await kind.quoteRequestOf(run, job),
			}));
			// What counts for the whole run is read from its first item.
			await checkMaxCost(run, planned, readMaxCostUsd(jobs[0].options));
		},
		refuse({ ledger }, { request }, objection) {
			request.refusal = objection;
			return ledger.of(request.itemIndex).some(({ fate }) => fate.state !== 'refused');
		},
		isSelfPaced: true,
	};
}

/**
 * Refuses a run that buys more than its limit, such as Max Edits per Run.
 * @throws AtlasError (`input`) with the estimated cost
 */
async function checkMaxPurchases<Job extends PurchaseJob>(
	{ style: { words }, bodyOf }: NodeKind<Job>,
	run: NodeRun,
	jobs: Job[],
): Promise<void> {
	if (jobs.length === 0) return;
	const { name, displayName, default: byDefault } = words.maxPurchases;
	const max = asNumber(jobs[0].options[name]) ?? byDefault;
	const bodies = jobs.flatMap((job) => Array.from({ length: job.predictionCount }, () => bodyOf(job)));
	if (bodies.length <= max) return;
	throw runError(
		`This run has ${plural(bodies.length, words.purchase)}, but '${displayName}' is ${max}`,
		`${await describeEstimate(run, bodies)} Nothing was submitted. Increase '${displayName}' under Options, or use fewer items.`,
	);
}

export const predictionIdField: INodeProperties = {
	displayName: 'Prediction ID',
	name: 'predictionId',
	type: 'string',
	default: '={{ $json.predictionId }}',
	required: true,
	placeholder: 'e.g. 8f4c2a…',
	description: 'The prediction ID returned by Submit',
};
