import type { IDataObject } from 'n8n-workflow';
import { inputError, truncate } from '../api/errors';
import { omit, type JsonObject } from '../api/json';
import {
	isSequential,
	knownModel,
	MAX_INPUT_IMAGES,
	MAX_SEQUENTIAL_IMAGES,
	V4_EDIT,
} from '../api/models/seedream';
import { endpointOf } from '../api/models/model';
import { checkSize, matchInput, type Dimensions } from '../api/models/sizes';
import type { PurchaseInput } from '../api/purchases/purchaseRequest';
import { inputImages, type InputImage } from '../items/inputImages';
import {
	readModel,
	readExtraBodyFields,
	readMaxCostUsd,
	readRetentionHeaders,
	readReuseHours,
	readWebhookUrl,
	readWholeNumber,
} from '../panel/options';
import type { NodeRun } from '../nodeRun';
import type { PurchaseJob } from '../operations/kind';
import { plural } from '../api/words';
import { readTimeout } from '../items/timeout';
import { inputDimensions } from './inputDimensions';
import { readPrompt } from './prompt';
import { readSize } from './size';
import type { QuoteRequest } from '../api/models/quotes';

/** One item's edit; its request is complete only once {@link resolveEdit} has set the size. */
export interface EditJob extends PurchaseJob {
	images: InputImage[];
	size: 'matchInput' | Dimensions;
}

/** What Extra Body Fields may not set: the node has its own fields for it, or could not read the answer. */
const OWN_FIELDS = ['model', 'prompt', 'images', 'size', 'enable_sync_mode', 'input'];

/**
 * Reads and checks the fields of an edit. Sends nothing.
 * @throws AtlasError (`input`)
 */
export async function readEdit(run: NodeRun, itemIndex: number, options: IDataObject): Promise<EditJob> {
	const { context } = run;
	const model = readModel(context, itemIndex, V4_EDIT);
	const prompt = readPrompt(context, itemIndex);
	const size = readSize(context, itemIndex);
	const extraFields = readExtraBodyFields(options, OWN_FIELDS);
	const webhookUrl = readWebhookUrl(options, extraFields, run.client.baseUrl);
	const headers = readRetentionHeaders(options);
	const timeout = readTimeout(options);
	const reuseHours = readReuseHours(options);
	readMaxCostUsd(options);
	const images = await inputImages(context, itemIndex);
	const known = knownModel(model);
	checkImageCount(images.length, model, known?.maxInputImages ?? MAX_INPUT_IMAGES);
	const outputFormat = readOutputFormat(options, model);
	const maxImages = readMaxImages(
		options.maxImages ?? context.getNodeParameter('maxImages', itemIndex, 1),
		model,
		images.length,
	);
	// Checked again once the rules of an unlisted model are read; here no item has sent a request yet.
	if (known && size !== 'matchInput') checkSize(size, known.sizes, nameOf(model));
	return {
		request: {
			itemIndex,
			model,
			endpoint: endpointOf('Image'),
			inputs: images.map(toInput),
			body: { model, prompt, ...outputFormat, ...maxImages, ...omit(extraFields, 'webhook_url') },
			headers,
			webhookUrl,
			...timeout,
			mayResubmit: options.resubmitUnknown === true,
			reuseHours,
		},
		images,
		size,
		options,
	};
}

function toInput({ file, url }: InputImage, index: number): PurchaseInput {
	const path: PurchaseInput['path'] = ['images', index];
	return file ? { path, file } : { path, url };
}

/** What people call a model. */
function nameOf(model: string): string {
	return knownModel(model)?.family ?? model;
}

function checkImageCount(count: number, model: string, maxInputImages: number): void {
	if (count === 0) {
		throw inputError(
			'No image found in this item',
			'Enter the name of its file field in Input Data Field Name, or add Image URLs.',
		);
	}
	if (count > maxInputImages) {
		throw inputError(
			`This item has ${plural(count, 'image')}, but ${nameOf(model)} accepts at most ${maxInputImages}`,
			'Use fewer images per item.',
		);
	}
}

function readOutputFormat({ outputFormat }: IDataObject, model: string): JsonObject {
	if (typeof outputFormat !== 'string' || outputFormat === '') return {};
	if (!['jpeg', 'png'].includes(outputFormat)) {
		throw inputError(`"${truncate(outputFormat)}" is not a supported output format`, 'Choose JPEG or PNG.');
	}
	const known = knownModel(model);
	if (known && !known.outputFormats.includes(outputFormat)) {
		throw inputError(
			`${known.family} doesn’t support Output Format`,
			'Remove Output Format under Options, or choose another model.',
		);
	}
	return { output_format: outputFormat };
}

/** @param value of the field, or of the option that saved workflows have */
function readMaxImages(value: unknown, model: string, inputCount: number): { max_images?: number } {
	const maxImages = readWholeNumber(value, 'Max Images', 1, MAX_SEQUENTIAL_IMAGES);
	if (maxImages === undefined) return {};
	if (!isSequential(model)) {
		if (maxImages === 1) return {};
		throw inputError(
			'Max Images works with Sequential models only',
			'Remove Max Images, or choose a model with Sequential in its name.',
		);
	}
	if (inputCount + maxImages > MAX_SEQUENTIAL_IMAGES) {
		throw inputError(
			`Input images and Max Images can’t be more than ${MAX_SEQUENTIAL_IMAGES} in total (now ${inputCount} + ${maxImages})`,
			'Lower Max Images, or use fewer input images.',
		);
	}
	return { max_images: maxImages };
}

/** Sets the size by the model's rules and, for Match Input Image, by the first image. @throws AtlasError (`input`) */
export async function resolveEdit<Job extends EditJob>(run: NodeRun, job: Job): Promise<Job> {
	const { request, images, size } = job;
	const { model, body } = request;
	const rules = await run.models.rulesOf(model);
	checkImageCount(images.length, model, rules.maxInputImages);
	const resolved =
		size === 'matchInput'
			? matchInput(await inputDimensions(run, images[0]), rules.sizes, nameOf(model))
			: checkSize(size, rules.sizes, nameOf(model));
	return { ...job, request: { ...request, body: { ...body, size: resolved } } };
}

/**
 * In place of each input image: the price of an edit depends on how many images go in, not on what they show. Nothing is
 * uploaded for a quote, and no link of the user's is sent.
 */
const PLACEHOLDER_URL = 'https://example.com/image.png';

const UNPRICED_FIELDS = ['prompt', 'images', 'webhook_url'];

/** What to ask a quote of an edit for. */
export function editQuoteRequest({ request: { body, inputs } }: EditJob): QuoteRequest {
	return { body: { ...body, images: inputs.map(() => PLACEHOLDER_URL) }, unpricedFields: UNPRICED_FIELDS };
}
