import type { IDataObject, INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { isBlank } from '../api/cells';
import type { AtlasError } from '../api/errors';
import { asNumber } from '../api/json';
import { fieldsUnreadableError } from '../api/models/model';
import type { QuoteRequest } from '../api/models/quotes';
import type { Bought } from '../api/purchases/buy';
import type { PurchaseRequest } from '../api/purchases/request';
import { countNoun } from '../api/text';
import { checkWebhookUrl } from '../api/webhooks/delivery';
import type { NodeRun } from '../nodeRun';
import type { OptionFields } from '../panel/optionFields';
import { readModel } from '../panel/modelField';
import {
	MAX_RETENTION_HOURS,
	readExtraBodyFields,
	readMaxCostUsd,
	readReuseHours,
	readTimeout,
} from '../panel/options';
import type { NodeStyle } from '../panel/style';

/** What is to be bought for one item. */
export interface PurchaseOrder {
	/** Complete only once it is resolved; its body serves for an estimate before. */
	request: PurchaseRequest;
	/** How many predictions to buy, all by this request. Until it is resolved, the number of images wanted. */
	predictionCount: number;
	/** Sentences for the execution hint. */
	notes?: string[];
}

/** One item that buys. */
export interface PurchaseJob extends PurchaseOrder {
	options: IDataObject;
	/** Completes the order with what takes a free request to know. @throws AtlasError (`input`); CancelledError */
	resolve(): Promise<PurchaseOrder>;
}

/** What differs between Seedream Edit and Atlas Cloud Models where both do the same. */
export interface NodeKind {
	style: NodeStyle;
	/** What is asked for in every operation that submits or quotes. */
	fields: INodeProperties[];
	options: OptionFields;
	/** Reads and checks an item's fields. Sends nothing. @throws AtlasError (`input`) */
	read(run: NodeRun, itemIndex: number, options: IDataObject): PurchaseJob | Promise<PurchaseJob>;
	/** What to ask a quote for. Uploads at most files whose length is billed. */
	quoteRequestOf(run: NodeRun, request: PurchaseRequest): QuoteRequest | Promise<QuoteRequest>;
	/** The name of the first file, without extension. */
	baseNameOf(request: PurchaseRequest): string;
	/** What Submit says of the inputs. */
	inputsJson(bought: Bought): IDataObject;
}

/** How the nodes differ where they read a request. */
interface RequestReading {
	/** An ID for messages. */
	exampleModel: string;
	/** What Extra Body Fields may not set. */
	ownFields: string[];
	/** Used where Timeout is not set. */
	timeoutSeconds: number;
	/** Used where neither Webhook URL nor Extra Body Fields, which could set it before, tell one. */
	webhookUrl?: unknown;
}

/** The model and the options of an item that buys: its request without inputs. @throws AtlasError (`input`) */
export function readRequest(
	{ context, client }: NodeRun,
	itemIndex: number,
	options: IDataObject,
	{ exampleModel, ownFields, timeoutSeconds, webhookUrl: givenUrl }: RequestReading,
): PurchaseRequest {
	const model = readModel(context, itemIndex, exampleModel);
	const { webhook_url: otherUrl = givenUrl, ...extra } = readExtraBodyFields(options, ownFields);
	readMaxCostUsd(options);
	const webhookUrl = options.webhookUrl ?? otherUrl;
	const hours = asNumber(options.keepOnAtlasHours);
	return {
		itemIndex,
		model,
		endpoint: '',
		inputs: [],
		body: { ...extra, model },
		headers: hours === null ? {} : retentionHeaders(String(hours)),
		keepHours: hours ?? MAX_RETENTION_HOURS,
		webhookUrl: isBlank(webhookUrl) ? undefined : checkWebhookUrl(webhookUrl, client.baseUrl),
		...readTimeout(options, timeoutSeconds),
		mayResubmit: options.resubmitUnknown === true,
		reuseHours: readReuseHours(options),
	};
}

/** How long Atlas is to keep a prediction’s files and record. */
const retentionHeaders = (hours: string) => ({
	'X-AtlasCloud-Object-Expiration-Hours': hours,
	'X-AtlasCloud-Request-Retention-Hours': hours,
});

/** What an item buys: each prediction is a purchase of its own, with its own record. */
export function requestsOf({ request, predictionCount }: PurchaseOrder): PurchaseRequest[] {
	return Array.from({ length: predictionCount }, (_, imageIndex) => ({ ...request, imageIndex }));
}

/** Whether an earlier attempt bought all that the item asks for: its body is not sent again. */
export function isResumed({ ledger }: NodeRun, { predictionCount, request }: PurchaseOrder): boolean {
	return predictionCount === 1 && ledger.isBought(request);
}

/**
 * Why an item buys nothing anew while its model's fields can't be read: what is bought is found again by its body, and
 * that may not depend on them.
 * @throws the same error, unless an earlier attempt bought it: that is resumed
 */
export function whileUnreadable(run: NodeRun, order: PurchaseOrder): AtlasError {
	const error = fieldsUnreadableError(order.request.model);
	if (isResumed(run, order)) return error;
	throw error;
}

/** The results among a run's items, for its hint. */
export function countResults({ purchase, result }: NodeStyle, done: INodeExecutionData[]): string[] {
	const countOf = (status: string) => done.filter(({ json }) => json.status === status).length;
	return [
		...countNoun(countOf('completed'), result),
		...countNoun(countOf('processing'), purchase, ' still running'),
	];
}
