import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { checkMeant, describeValue, isBlank, readText } from '../api/cells';
import { inputError } from '../api/errors';
import { listNames } from '../api/text';
import { asObject, omit, parseJson, type JsonObject } from '../api/json';
import { endpointOf, type MediaModelType, type ModelInfo } from '../api/models/model';
import { checkInputs } from '../api/models/modelInputs';
import {
	placeAt,
	type InputPath,
	type PurchaseInput,
	type PurchaseRequest,
	type RequestBody,
} from '../api/purchases/request';
import {
	DEFAULT_TIMEOUT_SECONDS,
	readExtraBodyFields,
	readTimeout,
	SLOW_TIMEOUT_SECONDS,
} from '../panel/options';
import type { NodeRun } from '../nodeRun';
import { readRequest, whileUnreadable, type PurchaseJob, type PurchaseOrder } from '../operations/kind';
import { readMediaInputs, readUntypedInputs, type RequestMedia } from './mediaInputs';
import { PLACEHOLDER_URL, type QuoteRequest } from '../api/models/quotes';

/** An ID as it appears in messages and placeholders. */
export const EXAMPLE_MODEL = 'bytedance/seedance-v1.5-pro/image-to-video';

/** How long to wait for a model of this type, in seconds; null where it is not known. */
export function defaultTimeoutSeconds(type: MediaModelType | null): number {
	return type === 'Image' ? DEFAULT_TIMEOUT_SECONDS : SLOW_TIMEOUT_SECONDS;
}

/** What the node sets itself, or could not read the answer to. */
const OWN_FIELDS = ['model', 'input', 'enable_sync_mode'];

/** Fields of a schema that are not sent as inputs: the node asks for the result itself, and has an own option. */
const UNSENT_FIELDS = ['enable_sync_mode', 'webhook_url'];

/**
 * Reads an item's parameters. Sends nothing.
 * @param resourceType what the resource makes; null where the model decides
 * @throws AtlasError (`input`)
 */
export function readModelJob(
	run: NodeRun,
	itemIndex: number,
	options: IDataObject,
	resourceType: MediaModelType | null,
): PurchaseJob {
	const { model: other, webhook_url: webhookUrl, ...inputs } = readGivenInputs(run.context, itemIndex);
	const given = omit(inputs, 'enable_sync_mode');
	const read = readRequest(run, itemIndex, options, {
		exampleModel: EXAMPLE_MODEL,
		ownFields: OWN_FIELDS,
		timeoutSeconds: defaultTimeoutSeconds(resourceType),
		webhookUrl,
	});
	if (!isBlank(other) && other !== read.model) {
		throw inputError(
			`The inputs are for the model ${describeValue(other)}, but 'Model' is ${read.model}`,
			"Remove model from the inputs, or choose it in 'Model'.",
		);
	}
	const request = { ...read, body: { ...given, ...read.body } };
	const order = { request, predictionCount: 1 };
	return {
		...order,
		options,
		resolve: async () => await resolveModel(run, order, given, options, resourceType),
	};
}

/** What an item gives for the model's fields, in either input mode. @throws AtlasError (`input`) */
function readGivenInputs(context: IExecuteFunctions, itemIndex: number): JsonObject {
	if (context.getNodeParameter('inputMode', itemIndex, 'fields') !== 'json') {
		// Read whole: n8n checks `modelInputs.value` itself, and refuses the text `10` for a number.
		return asObject(asObject(context.getNodeParameter('modelInputs', itemIndex, {}))?.value) ?? {};
	}
	const value: unknown = context.getNodeParameter('modelInputsJson', itemIndex, '{}');
	const given = asObject(typeof value === 'string' ? parseJson(value) : value);
	if (given) return given;
	throw inputError(
		"'Model Inputs (JSON)' must be a JSON object",
		'Write it like {"prompt": "A red fox in the snow"}. If you use an expression, put text with quotation marks or line breaks in JSON.stringify().',
	);
}

/**
 * Completes an order by the model's type and schema, and checks its inputs. Uploads nothing.
 * @param given what the item gives for the model's fields
 * @throws AtlasError (`input`); CancelledError
 */
async function resolveModel(
	run: NodeRun,
	order: PurchaseOrder,
	given: JsonObject,
	options: IDataObject,
	resourceType: MediaModelType | null,
): Promise<PurchaseOrder> {
	const { request } = order;
	const { model } = request;
	const info = await run.models.of(model);
	const refusal = info.isUnreadable ? whileUnreadable(run, order) : undefined;
	const type = mediaTypeOf(model, info, resourceType);
	const { body, inputs, notes = [] } = await readInputs(run, request, given, info.fields);
	const inputNames = inputs.map(({ path: [name] }) => name);
	const extra = readExtraBodyFields(options, [...OWN_FIELDS, ...inputNames]);
	const wholeBody: RequestBody = { ...body, ...omit(extra, 'webhook_url'), model };
	for (const [name, value] of Object.entries(wholeBody)) checkMeant(name, value);
	if (typeof wholeBody.prompt === 'string') readText('prompt', wholeBody.prompt);
	const takesPrompt = info.fields?.some(({ name }) => name === 'prompt');
	if (takesPrompt && typeof given.prompt === 'string' && !('prompt' in wholeBody))
		notes.push('Sent without a prompt.');
	const estimateUsd = await run.models.estimateUsd(wholeBody);
	const timeout = readTimeout(options, defaultTimeoutSeconds(type));
	const endpoint = endpointOf(type);
	const resolved = { ...request, endpoint, inputs, body: wholeBody, estimateUsd, ...timeout, refusal };
	return { ...order, request: resolved, notes };
}

/** Decides the endpoint. @throws AtlasError (`input`) where neither catalog nor resource tell it */
function mediaTypeOf(
	model: string,
	{ type }: ModelInfo,
	resourceType: MediaModelType | null,
): MediaModelType {
	if (type === 'Text') {
		throw inputError(`${model} is a text model`, 'Choose a model that makes images, videos, or audio.');
	}
	const known = type ?? resourceType;
	if (known) return known;
	throw inputError(
		`Atlas Cloud’s catalog doesn’t say what ${model} makes`,
		'Check the model ID. If it’s right, use Image > Generate, Video > Generate, or Audio > Generate: they run any model by its ID.',
	);
}

async function readInputs(
	run: NodeRun,
	{ model, itemIndex }: PurchaseRequest,
	given: JsonObject,
	fields: ModelInfo['fields'],
): Promise<RequestMedia & { notes?: string[] }> {
	// Without a schema, Atlas checks the request itself.
	if (!fields) return await readUntypedInputs(run, itemIndex, given);
	const sendable = fields.filter(({ name }) => !UNSENT_FIELDS.includes(name));
	const { body, media, dropped } = checkInputs(sendable, given);
	const files = await readMediaInputs(run, itemIndex, media);
	const [noun, them] = dropped.length === 1 ? ['input', 'it'] : ['inputs', 'them'];
	const note = `Not sent, because ${model} has no such ${noun}: ${listNames(dropped)}. To send ${them} anyway, use 'Extra Body Fields' under Options.`;
	return { body: { ...body, ...files.body }, inputs: files.inputs, notes: dropped.length > 0 ? [note] : [] };
}

/** What to ask a quote of a prediction for. Files whose length can be billed are uploaded: a quote needs them to be right. */
export async function modelQuoteRequest(
	run: NodeRun,
	{ body, inputs, itemIndex, model }: PurchaseRequest,
): Promise<QuoteRequest> {
	const { type, price, fields } = await run.models.of(model);
	// Their content does not change the price. Of sounds, or while it is not known what is billed, it may be the text.
	const isTextPriced = type === 'Audio' || price === null || price.unit === '1k_chars';
	const unpricedFields = [
		...(fields?.filter(({ media }) => media?.kind === 'image').map(({ name }) => name) ?? []),
		...(isTextPriced ? [] : ['prompt']),
	];
	const urlOf = async ({ path, file, url }: PurchaseInput): Promise<string> => {
		const isImage = file?.kind.mimeType.startsWith('image/') ?? false;
		if (isImage || unpricedFields.includes(path[0])) return PLACEHOLDER_URL;
		return file ? await run.uploads.url(file, itemIndex) : url;
	};
	const entries = await Promise.all(
		inputs.map(async (input): Promise<[InputPath, string]> => [input.path, await urlOf(input)]),
	);
	return { body: placeAt(body, entries), unpricedFields };
}
