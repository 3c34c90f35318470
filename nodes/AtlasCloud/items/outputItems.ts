import type { IBinaryData, IDataObject, INodeExecutionData } from 'n8n-workflow';
import { AtlasError } from '../api/errors';
import { asArray, asString } from '../api/json';
import type { InputFile } from '../api/files/uploads';
import { withFiles } from '../api/predictions/readPrediction';
import { toPrediction, type Prediction } from '../api/predictions/prediction';
import type { PurchaseInput } from '../api/purchases/request';
import { plural } from '../api/text';
import { binaryOf } from '../n8n/itemFile';
import type { AboutItem, NodeRun, ItemResult } from '../nodeRun';
import type { TimeoutOptions } from '../panel/options';
import type { NodeStyle } from '../panel/style';
import { readBinaryFields } from './binaryFields';
import { INPUT_IMAGE_FIELD, safeStem, type OutputDestination } from './destination';

/** What output items need of a run. */
export type DownloadTools = Pick<NodeRun, 'client' | 'downloads' | 'signal'>;

/** Where a prediction's files stand among all files of its item. */
interface FilePositions {
	/** How many files come before them. */
	before: number;
	/** How many files the item has. */
	count: number;
}

/**
 * The json of one output item.
 * @param known what Atlas's own record may leave out
 * @param index of the file, from 0; null for an item without a file
 */
export function predictionJson(
	prediction: Prediction,
	known: AboutItem,
	index: number | null,
	{ output: noun, columns }: NodeStyle,
	{ before, count }: FilePositions = { before: 0, count: prediction.outputs.length },
): IDataObject {
	const output = index === null ? undefined : prediction.outputs[index];
	return {
		predictionId: prediction.predictionId,
		status: prediction.status,
		rawStatus: prediction.rawStatus,
		model: prediction.model ?? known.model ?? null,
		prompt: prediction.prompt ?? known.prompt ?? null,
		...(columns.includes('size') ? { size: prediction.size ?? known.size ?? null } : {}),
		// A base64 output has no URL, and a data URI must not get into json.
		[`${noun}Url`]: output?.url ?? null,
		[`${noun}Index`]: index === null ? null : before + index,
		[`${noun}Count`]: count,
		// Seedream returns no text, but Get and Wait for Completion accept any prediction.
		...(prediction.text !== null || columns.includes('text') ? { text: prediction.text } : {}),
		predictTimeSeconds: prediction.predictTimeSeconds,
		// The price of the whole prediction, on one item only: the sum over all items is what was paid.
		priceUsd: (index ?? 0) === 0 ? prediction.priceUsd : null,
		nsfw: prediction.nsfw[index ?? 0] ?? null,
		failureReason: prediction.failureReason,
		createdAt: prediction.createdAt,
		completedAt: prediction.completedAt,
		raw: prediction.raw,
	};
}

/** The item's most useful fields, in order, and what few items have. */
export function simplified(json: IDataObject, columns: string[]): IDataObject {
	const rare = ['text', 'failureReason'].filter((name) => asString(json[name]) !== null);
	return Object.fromEntries([...columns, ...rare].map((name) => [name, json[name] ?? null]));
}

/**
 * The input's fields and the output's. Where both have a name, the output's stands at the top, and the input's value is
 * kept under `inputFields`. So is `error`: at the top, n8n would take a good item for a failed one and run the node again.
 */
export function withInputFields(inputFields: IDataObject, json: IDataObject): IDataObject {
	const isHidden = (name: string) => Object.hasOwn(json, name) || name === 'error' || name === 'inputFields';
	const entries = Object.entries(inputFields);
	const hidden = entries.filter(([name]) => isHidden(name));
	return {
		...Object.fromEntries(entries.filter(([name]) => !isHidden(name))),
		...json,
		...(hidden.length > 0 ? { inputFields: Object.fromEntries(hidden) } : {}),
	};
}

/**
 * The items of a prediction: one per file, or a single one if it has none.
 * @throws AtlasError (`download`); CancelledError
 */
export async function outputItems(
	run: DownloadTools,
	prediction: Prediction,
	known: AboutItem,
	destination: OutputDestination,
	positions: FilePositions = { before: 0, count: prediction.outputs.length },
): Promise<INodeExecutionData[]> {
	const { itemIndex, style, downloadsFiles } = destination;
	const pairedItem = { item: itemIndex };
	const itemsOf = async (whole: Prediction): Promise<INodeExecutionData[]> => {
		if (whole.outputs.length === 0) {
			return [{ json: predictionJson(whole, known, null, style), pairedItem }];
		}
		const results = await Promise.allSettled(
			whole.outputs.map(async (_output, index) => {
				const json = predictionJson(whole, known, index, style, positions);
				const file = await fileOf(run, whole, index, destination, positions.before + index);
				return { json, ...file, pairedItem };
			}),
		);
		// Only now: the downloads of the other files would go on after the node has ended.
		return results.map((result) => {
			if (result.status === 'rejected') throw result.reason;
			return result.value;
		});
	};
	return downloadsFiles
		? await withFiles(run.client, prediction, run.signal, itemsOf)
		: await itemsOf(prediction);
}

/** The binary of an item; empty if files are not downloaded. */
async function fileOf(
	run: DownloadTools,
	{ predictionId, outputs }: Prediction,
	index: number,
	{ downloadsFiles, outputDataFieldName, baseName, maxDownloadBytes }: OutputDestination,
	position: number,
): Promise<Pick<INodeExecutionData, 'binary'>> {
	const output = outputs[index];
	if (!downloadsFiles) {
		run.downloads.checkLink({ predictionId, output });
		return {};
	}
	const file = await run.downloads.fetch({
		predictionId,
		output,
		baseName: position === 0 ? baseName : `${baseName}-${position + 1}`,
		maxBytes: maxDownloadBytes,
	});
	return { binary: { [outputDataFieldName]: file } };
}

/**
 * The output of a prediction that is still in progress when its time is up.
 * @throws AtlasError (`timeout`) where that is an error
 */
export function timedOutItems(
	predictionId: string,
	known: AboutItem,
	{ itemIndex, style }: OutputDestination,
	{ timeoutMs, failsOnTimeout }: TimeoutOptions,
): INodeExecutionData[] {
	if (!failsOnTimeout) {
		const unfinished = toPrediction(predictionId, { id: predictionId, status: 'processing' })!;
		const json = predictionJson({ ...unfinished, rawStatus: null, raw: null }, known, null, style);
		return [{ json, pairedItem: { item: itemIndex } }];
	}
	throw new AtlasError(`The prediction is still running after ${plural(timeoutMs / 1_000, 'second')}`, {
		kind: 'timeout',
		description:
			"It isn’t lost and won’t be billed again. Get its result later with Prediction > Wait for Completion and this prediction ID, or increase 'Timeout (Seconds)' under Options.",
		predictionId,
		status: 'processing',
	});
}

/**
 * Puts the input's first image beside the output, where the option Keep Input Image asks for it.
 * @param first the first input of the request; by default what Keep Input Image, Submit, or the item's first image say
 */
export async function withInputImage(
	run: NodeRun,
	items: INodeExecutionData[],
	destination: OutputDestination,
	first?: PurchaseInput,
): Promise<ItemResult> {
	if (!destination.keepsInputImage || items.length === 0) return { items };
	const submitted = items[0]?.json.predictionId;
	const original = await inputImage(run, destination, submitted, first);
	if (original) {
		const withOriginal = { [INPUT_IMAGE_FIELD]: original };
		return { items: items.map((item) => ({ ...item, binary: { ...item.binary, ...withOriginal } })) };
	}
	const note = `An input image couldn’t be loaded again, so its item has no field ${INPUT_IMAGE_FIELD}.`;
	return { items, notes: [note] };
}

/** What n8n does not hold may have any name: a data URI, or an object in a stranger's JSON. */
function withSafeName(binary: IBinaryData, { fileName, kind: { extension } }: InputFile): IBinaryData {
	if (binary.id) return binary;
	const name = `${safeStem(fileName ?? INPUT_IMAGE_FIELD)}.${extension}`;
	return { ...binary, fileName: name, fileExtension: extension, fileType: 'image' };
}

async function inputImage(
	{ context, downloads }: NodeRun,
	{ itemIndex, maxDownloadBytes: maxBytes }: OutputDestination,
	predictionId: unknown,
	first?: PurchaseInput,
): Promise<IBinaryData | undefined> {
	if (first?.file) return withSafeName(await binaryOf(first.file), first.file);
	const { item, fields } = readBinaryFields(context, itemIndex);
	const kept = fields.find(([name]) => name === INPUT_IMAGE_FIELD)?.[1];
	if (!first && kept) return kept;
	// The item may carry the fields of another prediction.
	const isOf = item.json.predictionId === predictionId;
	const url = first?.url ?? (isOf ? asString(asArray(item.json.images)[0]) : null);
	if (url !== null) {
		const order = { predictionId: '', output: { url }, baseName: INPUT_IMAGE_FIELD, maxBytes };
		// The edit is paid for, and neither it nor another image's error must be lost over its input.
		const fetched = await downloads.fetchBriefly(order).catch(() => undefined);
		if (fetched || first) return fetched;
	}
	return fields.find(([, { mimeType }]) => mimeType?.startsWith('image/'))?.[1];
}
