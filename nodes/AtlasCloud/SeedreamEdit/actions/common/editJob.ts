import type { IDataObject } from 'n8n-workflow';
import { inputError, truncate } from '../../../api/errors';
import { omit, type JsonObject } from '../../../api/json';
import {
	isSequential,
	knownModel,
	MAX_INPUT_IMAGES,
	MAX_SEQUENTIAL_IMAGES,
	V4_EDIT,
} from '../../../api/models/models';
import { endpointOf } from '../../../api/models/modelInfo';
import { checkSize, matchInput, type Dimensions } from '../../../api/models/sizes';
import type { PurchaseInput, PurchaseRequest } from '../../../api/purchases/purchaseRequest';
import { inputImages, type InputImage } from '../../../shared/inputImages';
import { describeEstimate } from '../../../shared/maxCost';
import { readModel } from '../../../shared/modelParameter';
import type { NodeRun } from '../../../shared/nodeRun';
import {
	readExtraBodyFields,
	readMaxCostUsd,
	readMaxEdits,
	readRetentionHeaders,
	readReuseHours,
	readWebhookUrl,
	readWholeNumber,
} from '../../../shared/options';
import { readTimeout } from '../../../shared/timeout';
import { inputDimensions } from './inputDimensions';
import { readPrompt } from './prompt';
import { readSize } from './size';

/** One item's edit. */
export interface EditJob {
	/** Complete only once {@link resolveEdit} has set the size. */
	request: PurchaseRequest;
	images: InputImage[];
	size: 'matchInput' | Dimensions;
	options: IDataObject;
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
	if (known && size !== 'matchInput') checkSize(size, known.sizes, model);
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

function checkImageCount(count: number, model: string, maxInputImages: number): void {
	if (count === 0) {
		throw inputError(
			'The item has no picture',
			'Set Input Data Field Name to its binary field, or give Image URLs.',
		);
	}
	if (count > maxInputImages) {
		throw inputError(
			`The item has ${count} pictures; ${model} takes at most ${maxInputImages}`,
			'Pass fewer pictures in one item.',
		);
	}
}

function readOutputFormat({ outputFormat }: IDataObject, model: string): JsonObject {
	if (typeof outputFormat !== 'string' || outputFormat === '') return {};
	if (!['jpeg', 'png'].includes(outputFormat)) {
		throw inputError(`"${truncate(outputFormat)}" is not an Output Format`, 'Choose JPEG or PNG.');
	}
	const known = knownModel(model);
	if (known && !known.outputFormats.includes(outputFormat)) {
		throw inputError(
			`${known.family} has no choice of Output Format`,
			'Remove it under Options, or choose another model.',
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
			`${model} makes one picture of a prompt`,
			'Remove Max Images under Options, or choose a sequential model.',
		);
	}
	if (inputCount + maxImages > MAX_SEQUENTIAL_IMAGES) {
		throw inputError(
			`${inputCount} input pictures and up to ${maxImages} edited ones are more than ${MAX_SEQUENTIAL_IMAGES}`,
			'Lower Max Images, or pass fewer pictures.',
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
			? matchInput(await inputDimensions(run, images[0]), rules.sizes, model)
			: checkSize(size, rules.sizes, model);
	return { ...job, request: { ...request, body: { ...body, size: resolved } } };
}

/**
 * Refuses a run that is larger than Max Edits per Run.
 * @throws AtlasError (`input`) with the estimated cost
 */
export async function checkMaxEdits(run: NodeRun, jobs: EditJob[]): Promise<void> {
	if (jobs.length === 0) return;
	const maxEdits = readMaxEdits(jobs[0].options);
	if (jobs.length <= maxEdits) return;
	throw inputError(
		`This run would make ${jobs.length} edits; Max Edits per Run is ${maxEdits}`,
		`${await describeEstimate(
			run,
			jobs.map(({ request }) => request.body),
		)} Raise Max Edits per Run under Options to allow it, or pass fewer items.`,
	);
}
