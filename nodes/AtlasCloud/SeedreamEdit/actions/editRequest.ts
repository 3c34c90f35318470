import type { IDataObject } from 'n8n-workflow';
import type { PurchaseRequest } from '../../api/purchases/purchases';
import { inputError, truncate } from '../../api/errors';
import { asNumber, asObject, parseJson, type JsonObject } from '../../api/json';
import { isSequential, knownModel, MAX_INPUT_IMAGES, MAX_SEQUENTIAL_IMAGES } from '../../api/models/models';
import { imageSize } from '../../api/files/imageSize';
import { checkSize, matchInput, parseSize, type Dimensions } from '../../api/models/sizes';
import { checkInputKind, sizeOf } from '../../shared/transport/n8nBinary';
import { DEFAULT_MAX_EDITS, DEFAULT_TIMEOUT_SECONDS } from './common/options';
import { readPrompt } from './common/promptTemplates';
import { bytesOfDataUri, inputImages, type InputImage } from './inputImages';
import type { NodeRun } from './nodeRun';
import { readOptions } from './destination';

/** One item's edit as its fields say it; the size may still have to be looked up. */
export interface EditJob {
	request: PurchaseRequest;
	pictures: InputImage[];
	/** What the Size field says: `matchInput`, or dimensions. */
	size: 'matchInput' | Dimensions;
	options: IDataObject;
	/** Pictures that one edit may bring, for the estimate. */
	maxOutputs: number;
}

/**
 * What `extraBodyFields` may not set: the node has fields for it, or could not read the answer. `input` holds all of
 * these in the other shape of the body.
 */
const OWN_FIELDS = ['model', 'prompt', 'images', 'size', 'enable_sync_mode', 'input'];

const MAX_HOURS = 336;

function readModel(run: NodeRun, itemIndex: number): string {
	const model: unknown = run.context.getNodeParameter('model', itemIndex, '', { extractValue: true });
	if (typeof model === 'string' && /^[^\s?#]+$/.test(model.trim())) return model.trim();
	throw inputError(
		'Model is empty or no model’s ID',
		'Choose one from the list, or give an ID such as bytedance/seedream-v4/edit.',
	);
}

function readSize(run: NodeRun, itemIndex: number): 'matchInput' | Dimensions {
	const { context } = run;
	const size: unknown = context.getNodeParameter('size', itemIndex, 'matchInput');
	if (size === 'matchInput') return size;
	if (size === 'custom') {
		const side = (name: string) => asNumber(context.getNodeParameter(name, itemIndex, 0)) ?? 0;
		return { width: side('width'), height: side('height') };
	}
	const parsed = typeof size === 'string' ? parseSize(size) : null;
	if (parsed) return parsed;
	throw inputError(
		`"${truncate(String(size))}" is not a size`,
		'Choose one from the list, or give an expression that brings matchInput, custom, or width*height such as 2048*2048.',
	);
}

/** An option that is a whole number in a range; undefined where it is not set. */
function readWhole(
	options: IDataObject,
	name: string,
	label: string,
	least: number,
	most: number,
): number | undefined {
	const value = options[name];
	if (value === undefined || value === null || value === '') return undefined;
	const number = asNumber(value);
	if (number !== null && Number.isInteger(number) && number >= least && number <= most) return number;
	throw inputError(
		`${label} is not a whole number from ${least} to ${most}`,
		'Set it under Options, or remove it there.',
	);
}

function readExtra(options: IDataObject): JsonObject {
	const value = options.extraBodyFields;
	if (value === undefined || value === null || value === '') return {};
	const extra = asObject(typeof value === 'string' ? parseJson(value) : value);
	if (!extra)
		throw inputError(
			'Extra Body Fields is not a JSON object',
			'Write it like {"enable_base64_output": true}.',
		);
	const taken = Object.keys(extra).filter((name) => OWN_FIELDS.includes(name));
	if (taken.length === 0) return extra;
	throw inputError(
		`Extra Body Fields may not set ${taken.join(', ')}`,
		taken.includes('enable_sync_mode')
			? 'The node asks for the result itself; with enable_sync_mode it could lose it.'
			: 'Use the node’s own fields for these.',
	);
}

function checkCount(count: number, model: string, maxInputImages: number): void {
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

/** The options that go into the body, and how many pictures they ask for. */
function readBodyOptions(
	options: IDataObject,
	model: string,
	pictureCount: number,
): { body: JsonObject; maxOutputs: number } {
	const body: JsonObject = {};
	const { outputFormat } = options;
	if (typeof outputFormat === 'string' && outputFormat !== '') {
		if (!['jpeg', 'png'].includes(outputFormat))
			throw inputError(`"${truncate(outputFormat)}" is not an Output Format`, 'Choose JPEG or PNG.');
		if (/seedream-v4\//.test(model)) {
			throw inputError(
				'Seedream v4 has no choice of Output Format',
				'Remove it under Options, or choose another model.',
			);
		}
		body.output_format = outputFormat;
	}
	const maxImages = readWhole(options, 'maxImages', 'Max Images', 1, MAX_SEQUENTIAL_IMAGES);
	if (maxImages !== undefined && maxImages > 1 && !isSequential(model)) {
		throw inputError(
			`${model} makes one picture of a prompt`,
			'Remove Max Images under Options, or choose a sequential model.',
		);
	}
	if (isSequential(model) && maxImages !== undefined) {
		if (pictureCount + maxImages > MAX_SEQUENTIAL_IMAGES) {
			throw inputError(
				`${pictureCount} input pictures and up to ${maxImages} edited ones are more than ${MAX_SEQUENTIAL_IMAGES}`,
				'Lower Max Images, or pass fewer pictures.',
			);
		}
		body.max_images = maxImages;
	}
	return { body, maxOutputs: maxImages ?? 1 };
}

function readHeaders(options: IDataObject): Record<string, string> {
	const files = readWhole(options, 'fileExpirationHours', 'File Expiration', 1, MAX_HOURS);
	const record = readWhole(options, 'recordRetentionHours', 'Record Retention', 1, MAX_HOURS);
	return {
		...(files === undefined ? {} : { 'X-AtlasCloud-Object-Expiration-Hours': String(files) }),
		...(record === undefined ? {} : { 'X-AtlasCloud-Request-Retention-Hours': String(record) }),
	};
}

/** Milliseconds of the option Timeout. */
export function readTimeoutMs(options: IDataObject): number {
	const value = options.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
	const seconds = asNumber(value);
	if (seconds !== null && seconds > 0 && seconds <= 86_400) return seconds * 1_000;
	throw inputError(
		'Timeout is not a number of seconds from 1 to 86400',
		'Set it under Options, or remove it there for the default of 300.',
	);
}

/**
 * Reads and checks the fields of an edit. Sends nothing.
 * @throws AtlasError (`input`)
 */
export async function readEdit(run: NodeRun, itemIndex: number): Promise<EditJob> {
	const options = readOptions(run, itemIndex);
	const model = readModel(run, itemIndex);
	const prompt = readPrompt(run.context, itemIndex);
	const size = readSize(run, itemIndex);
	const extra = readExtra(options);
	const headers = readHeaders(options);
	const timeoutMs = readTimeoutMs(options);
	const pictures = await inputImages(run.context, itemIndex);
	const known = knownModel(model);
	checkCount(pictures.length, model, known?.maxInputImages ?? MAX_INPUT_IMAGES);
	const { body, maxOutputs } = readBodyOptions(options, model, pictures.length);
	// What can be told without asking anybody is told now, before any other item's request.
	if (known && size !== 'matchInput') checkSize(size, known.sizes, model);
	return {
		request: {
			itemIndex,
			model,
			pictures: pictures.map(({ file, url }) => (file ? { file } : { url })),
			body: { model, prompt, ...body, ...extra },
			headers,
			timeoutMs,
			mayResubmit: options.resubmitUnknown === true,
			failsOnTimeout: options.onTimeout !== 'continue',
		},
		pictures,
		size,
		options,
		maxOutputs,
	};
}

/** Settles the size: Match Input Image looks at the first picture, other models' schemas are read. */
export async function resolveEdit(run: NodeRun, job: EditJob): Promise<void> {
	const { model } = job.request;
	const rules = await run.rulesOf(model);
	checkCount(job.pictures.length, model, rules.maxInputImages);
	if (job.size !== 'matchInput') {
		job.request.body.size = checkSize(job.size, rules.sizes, model);
		return;
	}
	const dimensions = await dimensionsOf(run, job.pictures[0]);
	if (dimensions) {
		job.request.body.size = matchInput(dimensions, rules.sizes, model);
		return;
	}
	throw inputError(
		'The shape of the first picture cannot be read, so Match Input Image cannot follow it',
		'Choose a size from the list instead. Without one Seedream makes a square, and that would be paid for.',
	);
}

async function dimensionsOf(run: NodeRun, picture: InputImage): Promise<Dimensions | null> {
	if (picture.looked) return await sizeOf(run.context.helpers, picture.looked);
	if (/^data:/i.test(picture.url)) return imageSize(bytesOfDataUri(picture.url));
	return await dimensionsAt(run, picture.url);
}

/** @throws AtlasError (`input`) where there is a page, or nothing that can be looked at */
async function dimensionsAt(run: NodeRun, url: string): Promise<Dimensions | null> {
	const howTo =
		'Check the link in a private browser window: it has to show the picture itself. Or choose a size from the list instead of Match Input Image.';
	const found = await run.urlPictures.inspect(url);
	const why = /^http:/i.test(url) ? 'Match Input Image looks at https links only. ' : '';
	if (!found) throw inputError(`"${truncate(url)}" could not be looked at`, why + howTo);
	if (found.kind?.name === 'web page')
		throw inputError('This link opens a page, not a picture', `${truncate(url)} — ${howTo}`);
	checkInputKind(`The link "${truncate(url)}"`, found.kind);
	return found.dimensions;
}

/**
 * Refuses a run that is larger than Max Purchases per Run.
 * @throws AtlasError (`input`) with the estimated cost
 */
export function checkMaxEdits(_run: NodeRun, jobs: EditJob[]): void {
	const first = jobs[0];
	if (!first) return;
	const most =
		readWhole(first.options, 'maxEdits', 'Max Purchases per Run', 1, Number.MAX_SAFE_INTEGER) ??
		DEFAULT_MAX_EDITS;
	if (jobs.length <= most) return;
	throw inputError(
		`This run would make ${jobs.length} edits; Max Purchases per Run is ${most}`,
		`${estimate(jobs)} Raise Max Purchases per Run under Options to allow it, or pass fewer items.`,
	);
}

function estimate(jobs: EditJob[]): string {
	const prices = jobs.map(({ request, maxOutputs }) => {
		const price = knownModel(request.model)?.priceUsd;
		return price === undefined ? null : price * maxOutputs;
	});
	const known = prices.filter((price): price is number => price !== null);
	if (known.length < jobs.length) return 'What it would cost is not known for this model.';
	return `It would cost about $${known.reduce((sum, price) => sum + price, 0).toFixed(2)}.`;
}
