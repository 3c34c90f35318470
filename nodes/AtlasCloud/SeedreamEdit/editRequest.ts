import type { IDataObject } from 'n8n-workflow';
import { AtlasError, CancelledError, inputError } from '../api/errors';
import type { JsonObject } from '../api/json';
import { endpointOf } from '../api/models/model';
import { estimateUsd } from '../api/models/prices';
import { PLACEHOLDER_URL, type QuoteRequest } from '../api/models/quotes';
import {
	isSequential,
	knownModel,
	maxImageCount,
	planImages,
	V4_EDIT,
	type ModelRules,
} from '../api/models/seedream';
import { describeShape, exactSize, matchInput, namedSize, type SizeRules } from '../api/models/sizeRules';
import type { InputPath, PurchaseRequest } from '../api/purchases/request';
import { plural } from '../api/text';
import type { InputSource } from '../items/inputFiles';
import type { NodeRun } from '../nodeRun';
import {
	isResumed,
	readRequest,
	requestsOf,
	whileUnreadable,
	type PurchaseJob,
	type PurchaseOrder,
} from '../operations/kind';
import { DEFAULT_TIMEOUT_SECONDS, readParameter } from '../panel/options';
import { formatFields, nameOf } from './format';
import { imageCountField, inputDimensions, readImages } from './images';
import { checkTemplate, readPrompt, type EditPrompt } from './prompt';
import { keepsShape, readSize, type ChosenSize } from './size';

/** One item's edit; its request is complete only once resolveEdit has set what depends on the model. */
interface Edit extends PurchaseOrder {
	images: InputSource[];
	size: ChosenSize;
	options: IDataObject;
	prompt: EditPrompt;
}

/** What Extra Body Fields may not set: the node has its own fields for it, or could not read the answer. */
const OWN_FIELDS = ['model', 'prompt', 'images', 'size', 'enable_sync_mode', 'input'];

/** Reads and checks the fields of an edit. Sends nothing. @throws AtlasError (`input`) */
export async function readEdit(run: NodeRun, itemIndex: number, options: IDataObject): Promise<PurchaseJob> {
	const { context } = run;
	const read = readRequest(run, itemIndex, options, {
		exampleModel: V4_EDIT,
		ownFields: OWN_FIELDS,
		timeoutSeconds: DEFAULT_TIMEOUT_SECONDS,
	});
	const prompt = readPrompt(context, itemIndex);
	const size = readSize(context, itemIndex);
	const images = await readImages(run, itemIndex);
	checkTemplate(prompt.template, images.length, size);
	const predictionCount = Number(readParameter(context, itemIndex, imageCountField));
	const request = {
		...read,
		endpoint: endpointOf('Image'),
		inputs: images.map((image, i) => ({ ...image, path: ['images', i] as const })),
		body: { ...read.body, prompt: prompt.text },
	};
	const edit: Edit = { request, predictionCount, images, size, options, prompt };
	const known = knownModel(request.model);
	// Checked again once the rules of an unlisted model are read; here no item has sent a request yet.
	if (known) checkRules(known, edit);
	return { request, predictionCount, options, resolve: async () => await resolveEdit(run, edit) };
}

/** @throws AtlasError (`input`) for an edit that its model does not make */
function checkRules(rules: ModelRules, edit: Edit): void {
	const { images, predictionCount: imageCount, size, options, prompt } = edit;
	const { model } = edit.request;
	if (images.length > rules.maxInputImages) {
		throw inputError(
			`This item has ${plural(images.length, 'image')}, but ${nameOf(model)} accepts at most ${rules.maxInputImages}`,
			'Use fewer images per item.',
		);
	}
	const max = maxImageCount(images.length, rules.imageCount);
	if (imageCount > max) {
		throw inputError(
			`'Number of Images' is ${imageCount}, but ${nameOf(model)} can make at most ${max} from ${plural(images.length, 'input image')}`,
			`Lower 'Number of Images'${isSequential(model) ? '' : ', or choose a model with Sequential in its name: it makes more'}.`,
		);
	}
	const { choices } = sizesLeft(size, rules.sizes, model);
	// A size may keep the shape under any name.
	const isInputShape = choices.length > 0 && choices.every(({ ratio }) => ratio === 'input');
	if (isInputShape) checkTemplate(prompt.template, images.length, 'matchInput');
	formatFields(options, rules, model);
}

/** Sets what depends on the model's rules: the size, the format, the background. @throws AtlasError (`input`) */
async function resolveEdit(run: NodeRun, edit: Edit): Promise<PurchaseOrder> {
	const { request, images, options, predictionCount: imageCount } = edit;
	const { model, body } = request;
	const rules = await run.models.rulesOf(model);
	const refusal = rules.isUnreadable ? whileUnreadable(run, edit) : undefined;
	checkRules(rules, edit);
	const plan = planImages(imageCount, images.length, rules.imageCount);
	const { name, isList } = rules.imagesField;
	const pathOf = (i: number): InputPath => (isList ? [name, i] : [name]);
	const inputs = request.inputs.map((input, i) => ({ ...input, path: pathOf(i) }));
	const size = await resolveSize(run, { ...edit, request: { ...request, inputs } }, rules.sizes);
	const canCutOut = rules.backgrounds?.includes('transparent') === true;
	const cutOut = canCutOut ? edit.prompt.cutOut : null;
	const format = formatFields(options, rules, model, cutOut !== null);
	const prompt = cutOut !== null && format.background === 'transparent' ? { prompt: cutOut } : {};
	// What the user adds as Extra Body Fields goes before what is chosen here.
	const wholeBody = { ...plan.fields, ...size.fields, ...format, ...body, ...prompt };
	const price = knownModel(model)?.price ?? (await run.models.of(model)).price;
	const estimate = price && estimateUsd(price, wholeBody);
	const whole = { ...request, inputs, body: wholeBody, estimateUsd: estimate, refusal };
	return { predictionCount: plan.predictions, request: whole, notes: [size.note ?? []].flat() };
}

/** What to ask a quote of an edit for. Nothing is uploaded, and no link of the user's is sent. */
export function editQuoteRequest({ body, inputs }: PurchaseRequest): QuoteRequest {
	const [name, index] = inputs[0].path;
	const images = index === undefined ? PLACEHOLDER_URL : inputs.map(() => PLACEHOLDER_URL);
	return { body: { ...body, [name]: images }, unpricedFields: ['prompt', name, 'webhook_url'] };
}

/**
 * The fields for the size, and what to say of them. Reads the first image where the size depends on it, and asks for
 * prices where a larger size may cost the same.
 * @throws AtlasError (`input`) for a size that the model does not offer; CancelledError
 */
async function resolveSize(
	run: NodeRun,
	edit: Edit,
	rules: SizeRules,
): Promise<{ fields: JsonObject; note: string | null }> {
	const { model } = edit.request;
	const left = sizesLeft(edit.size, rules, model);
	const [only, ...others] = left.choices;
	if (only && others.length === 0 && !left.free && edit.size !== 'matchInput')
		return { fields: only.fields, note: null };
	const isChoice = left.free !== null || left.choices.length > 0;
	// Where there is nothing to choose, the input's dimensions need not be readable.
	const input = isChoice ? await inputDimensions(run, edit.images[0]) : { width: 1, height: 1 };
	const match = matchInput(input, left);
	const { larger } = match;
	const isLarger = larger !== null && (await costTheSame(run, edit, match.fields, larger));
	// Another shape is what the user chose.
	const note = keepsShape(edit.size) ? describeShape(input, match, nameOf(model)) : null;
	return { fields: isLarger ? larger : match.fields, note };
}

/** What is left of a model's sizes by the user's choice. @throws AtlasError (`input`) if it is nothing */
function sizesLeft(size: ChosenSize, rules: SizeRules, model: string): SizeRules {
	if (size === 'matchInput') return rules;
	if (typeof size === 'string') return namedSize(size, rules, nameOf(model));
	return { choices: [exactSize(size, rules, nameOf(model))], free: null };
}

/** Only Atlas's own quotes count: a list price is that of the smallest size. */
async function costTheSame(run: NodeRun, edit: Edit, ...sizes: [JsonObject, JsonObject]): Promise<boolean> {
	const { request } = edit;
	const quoteOf = async (fields: JsonObject) =>
		await run.quotes.of(editQuoteRequest({ ...request, body: { ...request.body, ...fields } }));
	const quotes = await Promise.all(sizes.map(quoteOf)).catch((error: unknown) => {
		if (error instanceof CancelledError) throw error;
		return [];
	});
	const [usual, larger] = quotes.filter(({ isEstimate }) => !isEstimate);
	// A later attempt may get them, and an earlier one may have: each has to ask for the same edit.
	const mayDiffer = run.quotes.isUnsure || mayBeBought(run, edit);
	if (!larger && mayDiffer && !isResumed(run, edit)) {
		throw new AtlasError('Couldn’t get the quotes that decide the size', {
			kind: 'read',
			description: "Nothing was submitted for this item. Run it again later, or choose a 'Size'.",
		});
	}
	return larger !== undefined && larger.priceUsd <= usual.priceUsd;
}

/** Whether the same edit may have been bought before, and is found again by its body. */
function mayBeBought({ context, ledger, leftovers }: NodeRun, edit: Edit): boolean {
	const { reuseHours, model } = edit.request;
	const isSearched = reuseHours > 0 || context.getMode() === 'retry';
	return isSearched || leftovers.hasAny(model) || ledger.isPartlyBought(requestsOf(edit));
}
