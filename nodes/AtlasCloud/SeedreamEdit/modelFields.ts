import type { IDataObject } from 'n8n-workflow';
import { AtlasError, CancelledError, inputError } from '../api/errors';
import type { JsonObject } from '../api/json';
import { PLACEHOLDER_URL, type QuoteRequest } from '../api/models/quotes';
import { knownModel, type ModelRules } from '../api/models/seedream';
import { exactSize, namedSize, describeShape, matchInput, type SizeRules } from '../api/models/sizeRules';
import type { InputSource } from '../items/inputFiles';
import type { NodeRun } from '../nodeRun';
import { requestsOf, type PurchaseJob } from '../operations/kind';
import { inputDimensions } from './images';
import type { SizeWish } from './size';

/** One item's edit; its request is complete only once resolveEdit has set what depends on the model. */
export interface EditJob extends PurchaseJob {
	images: InputSource[];
	size: SizeWish;
}

/** What to ask a quote of an edit for. Nothing is uploaded, and no link of the user's is sent. */
export function editQuoteRequest({ request: { body, inputs } }: EditJob): QuoteRequest {
	const [name, index] = inputs[0].path;
	const images = index === undefined ? PLACEHOLDER_URL : inputs.map(() => PLACEHOLDER_URL);
	return { body: { ...body, [name]: images }, unpricedFields: ['prompt', name, 'webhook_url'] };
}

/** What people call a model. */
export function nameOf(model: string): string {
	return knownModel(model)?.family ?? model;
}

/**
 * The fields for the size, and what to say of them. Reads the first image where the size depends on it, and asks for
 * prices where a larger size may cost the same.
 * @throws AtlasError (`input`) for a size that the model does not offer; CancelledError
 */
export async function resolveSize(
	run: NodeRun,
	job: EditJob,
	rules: SizeRules,
): Promise<{ fields: JsonObject; note: string | null }> {
	const { model } = job.request;
	const left = sizesLeft(job.size, rules, model);
	const [only, ...others] = left.choices;
	if (only && others.length === 0 && !left.free && job.size !== 'matchInput')
		return { fields: only.fields, note: null };
	const isChoice = left.free !== null || left.choices.length > 0;
	// Where there is nothing to choose, the input's dimensions need not be readable.
	const input = isChoice ? await inputDimensions(run, job.images[0]) : { width: 1, height: 1 };
	const match = matchInput(input, left);
	const { larger } = match;
	const isLarger = larger !== null && (await costTheSame(run, job, match.fields, larger));
	return { fields: isLarger ? larger : match.fields, note: describeShape(input, match, nameOf(model)) };
}

/** What is left of a model's sizes by the user's choice. @throws AtlasError (`input`) if it is nothing */
export function sizesLeft(size: SizeWish, rules: SizeRules, model: string): SizeRules {
	if (size === 'matchInput') return rules;
	if (typeof size === 'string') return namedSize(size, rules, nameOf(model));
	return { choices: [exactSize(size, rules, nameOf(model))], free: null };
}

/** Whether an earlier attempt bought all of it: the body is not sent again. */
export function isResumed({ ledger }: NodeRun, { predictionCount, request }: EditJob): boolean {
	return predictionCount === 1 && ledger.isBought(request);
}

/** Whether the same edit may have been bought before, and is found again by its body. */
function mayBeBought({ context, ledger, leftovers }: NodeRun, job: EditJob): boolean {
	const isSearched = job.request.reuseHours > 0 || context.getMode() === 'retry';
	return isSearched || leftovers.hasAny(job.request.model) || ledger.isPartlyBought(requestsOf(job));
}

/** Only Atlas's own quotes count: a list price is that of the smallest size. */
async function costTheSame(run: NodeRun, job: EditJob, ...sizes: [JsonObject, JsonObject]): Promise<boolean> {
	const quoteOf = async (fields: JsonObject) => {
		const body = { ...job.request.body, ...fields };
		return await run.quotes.of(editQuoteRequest({ ...job, request: { ...job.request, body } }));
	};
	const quotes = await Promise.all(sizes.map(quoteOf)).catch((error: unknown) => {
		if (error instanceof CancelledError) throw error;
		return [];
	});
	const [usual, larger] = quotes.filter(({ isEstimate }) => !isEstimate);
	// A later attempt may get them, and an earlier one may have: each has to ask for the same edit.
	const mayDiffer = run.quotes.isUnsure || mayBeBought(run, job);
	if (!larger && mayDiffer && !isResumed(run, job)) throw unpricedSizeError();
	return larger !== undefined && larger.priceUsd <= usual.priceUsd;
}

function unpricedSizeError(): AtlasError {
	return new AtlasError('Couldn’t get the quotes that decide the size', {
		kind: 'read',
		description: "Nothing was submitted for this item. Run it again later, or choose a 'Size'.",
	});
}

function isUnset(value: unknown): boolean {
	return typeof value !== 'string' || value === '';
}

/**
 * The fields for Output Format and Background.
 * @param isCutOut whether the prompt asks for the subject alone
 * @throws AtlasError (`input`) for what the model does not offer
 */
export function formatFields(
	{ outputFormat, background }: IDataObject,
	{ outputFormats, backgrounds }: ModelRules,
	model: string,
	isCutOut = false,
): JsonObject {
	const isTransparent = background === 'transparent' || (isUnset(background) && isCutOut);
	// A model that has no choice makes it opaque.
	const isMissing = backgrounds?.every((one) => one !== background) === true;
	if (!isUnset(background) && isMissing && (backgrounds.length > 0 || background === 'transparent')) {
		throw inputError(
			`${nameOf(model)} can’t make the background ${String(background)}`,
			"Remove 'Background' under Options, or choose a model that has it, such as Seedream v5.5.",
		);
	}
	if (background === 'transparent' && outputFormat === 'jpeg') {
		throw inputError('A JPEG can’t be transparent', "Set 'Output Format' to PNG, or 'Background' to Auto.");
	}
	const wanted = isTransparent && outputFormats?.includes('png') ? 'png' : outputFormat;
	const chosen = isTransparent ? 'transparent' : background;
	const isSent = !isUnset(chosen) && (!isMissing || isTransparent);
	return { ...outputFormatField(wanted, outputFormats, model), ...(isSent ? { background: chosen } : {}) };
}

function outputFormatField(format: unknown, outputFormats: string[] | null, model: string): JsonObject {
	if (isUnset(format)) return {};
	if (!outputFormats) return { output_format: format };
	const name = outputFormats.find((one) => one.toLowerCase().replace(/^jpg$/, 'jpeg') === format);
	if (name !== undefined) return { output_format: name };
	throw inputError(
		`${nameOf(model)} doesn’t support 'Output Format'`,
		"Remove 'Output Format' under Options, or choose another model.",
	);
}
