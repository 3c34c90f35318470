import type { IDataObject } from 'n8n-workflow';
import { inputError } from '../api/errors';
import {
	maxImageCount,
	MAX_INPUT_IMAGES,
	planImages,
	isSequential,
	knownModel,
	V4_EDIT,
	type ImageCount,
} from '../api/models/seedream';
import { endpointOf, fieldsUnreadableError } from '../api/models/model';
import { estimateUsd } from '../api/models/prices';
import { DEFAULT_TIMEOUT_SECONDS } from '../panel/options';
import { readParameter } from '../panel/readFields';
import type { NodeRun } from '../nodeRun';
import { plural } from '../api/text';
import { readRequest } from '../operations/kind';
import { imageCountField } from './fields';
import { readImages } from './images';
import { sizesLeft, formatFields, isResumed, nameOf, resolveSize, type EditJob } from './modelFields';
import { checkTemplate, readCutOutPrompt, readPrompt } from './prompt';
import { readSize } from './size';

/** What Extra Body Fields may not set: the node has its own fields for it, or could not read the answer. */
const OWN_FIELDS = ['model', 'prompt', 'images', 'size', 'enable_sync_mode', 'input'];

/** Reads and checks the fields of an edit. Sends nothing. @throws AtlasError (`input`) */
export async function readEdit(run: NodeRun, itemIndex: number, options: IDataObject): Promise<EditJob> {
	const { context } = run;
	const request = readRequest(run, itemIndex, options, {
		exampleModel: V4_EDIT,
		ownFields: OWN_FIELDS,
		timeoutSeconds: DEFAULT_TIMEOUT_SECONDS,
	});
	const { model, body } = request;
	const prompt = readPrompt(context, itemIndex);
	const size = readSize(context, itemIndex);
	const images = await readImages(run, itemIndex);
	checkTemplate(context, itemIndex, { imageCount: images.length, size });
	const known = knownModel(model);
	checkInputCount(images.length, model, known?.maxInputImages ?? MAX_INPUT_IMAGES);
	const imageCount = Number(readParameter(context, itemIndex, imageCountField));
	// Checked again once the rules of an unlisted model are read; here no item has sent a request yet.
	if (known) {
		sizesLeft(size, known.sizes, model);
		formatFields(options, known, model);
		checkOutputCount(imageCount, images.length, known.imageCount, model);
	}
	return {
		request: {
			...request,
			endpoint: endpointOf('Image'),
			inputs: images.map((image, i) => ({ ...image, path: ['images', i] as const })),
			body: { ...body, prompt },
		},
		predictionCount: imageCount,
		images,
		size,
		options,
	};
}

function checkInputCount(count: number, model: string, maxInputImages: number): void {
	if (count > maxInputImages) {
		throw inputError(
			`This item has ${plural(count, 'image')}, but ${nameOf(model)} accepts at most ${maxInputImages}`,
			'Use fewer images per item.',
		);
	}
}

/** @throws AtlasError (`input`) for more images than the model may be asked for */
function checkOutputCount(
	imageCount: number,
	inputCount: number,
	rule: ImageCount | null,
	model: string,
): void {
	const max = maxImageCount(inputCount, rule);
	if (imageCount <= max) return;
	throw inputError(
		`'Number of Images' is ${imageCount}, but ${nameOf(model)} can make at most ${max} from ${plural(inputCount, 'input image')}`,
		`Lower 'Number of Images'${isSequential(model) ? '' : ', or choose a model with Sequential in its name: it makes more'}.`,
	);
}

/** Sets what depends on the model's rules: the size, the format, the background. @throws AtlasError (`input`) */
export async function resolveEdit<Job extends EditJob>(run: NodeRun, job: Job): Promise<Job> {
	const { request, images, options, predictionCount: imageCount } = job;
	const { model, body } = request;
	const rules = await run.models.rulesOf(model);
	// What is bought is found again by its body, so nothing in that may depend on what cannot be read now.
	const refusal = rules.isUnreadable ? fieldsUnreadableError(model) : undefined;
	if (refusal && !isResumed(run, job)) throw refusal;
	checkInputCount(images.length, model, rules.maxInputImages);
	checkOutputCount(imageCount, images.length, rules.imageCount, model);
	const plan = planImages(imageCount, images.length, rules.imageCount);
	const { name, isList } = rules.imagesField;
	const inputs = request.inputs.map((input, i) => ({ ...input, path: isList ? [name, i] : [name] }) as const);
	const size = await resolveSize(run, { ...job, request: { ...request, inputs } }, rules.sizes);
	const canCutOut = rules.backgrounds?.includes('transparent') === true;
	const cutOutPrompt = canCutOut ? readCutOutPrompt(run.context, request.itemIndex) : null;
	const format = formatFields(options, rules, model, cutOutPrompt !== null);
	const prompt = cutOutPrompt !== null && format.background === 'transparent' ? { prompt: cutOutPrompt } : {};
	// What the user adds as Extra Body Fields goes before what is chosen here.
	const wholeBody = { ...plan.fields, ...size.fields, ...format, ...body, ...prompt };
	const price = knownModel(model)?.price ?? (await run.models.of(model)).price;
	const estimate = price && estimateUsd(price, wholeBody);
	const whole = { ...request, inputs, body: wholeBody, estimateUsd: estimate, refusal };
	return { ...job, predictionCount: plan.predictions, request: whole, notes: [size.note ?? []].flat() };
}
