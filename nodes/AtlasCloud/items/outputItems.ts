import type { IBinaryData, IDataObject, INodeExecutionData } from 'n8n-workflow';
import { roundUsd } from '../api/models/prices';
import type { Quote } from '../api/models/quotes';
import { withFiles } from '../api/predictions/embeddedFiles';
import type { Prediction } from '../api/predictions/prediction';
import type { OutputDestination, OutputStyle } from './destination';
import type { NodeRun } from '../nodeRun';

/** What is known of a prediction besides Atlas's own record. */
export interface KnownFields {
	model: string | null;
	prompt: string | null;
	size: string | null;
}

/** Of a prediction that no input item describes. */
export const NOTHING_KNOWN: KnownFields = { model: null, prompt: null, size: null };

/** What output items need of a run. */
export type DownloadTools = Pick<NodeRun, 'client' | 'downloads' | 'downloadSemaphore' | 'signal'>;

/** Where a prediction's files stand among all files of its item. */
export interface FilePositions {
	/** How many files come before them. */
	before: number;
	/** How many files the item has. */
	count: number;
}

/** The json of one output item. @param index of the file, from 0; null for an item without a file */
export function predictionJson(
	prediction: Prediction,
	known: KnownFields,
	index: number | null,
	style: OutputStyle,
	{ before, count }: FilePositions = { before: 0, count: prediction.outputs.length },
): IDataObject {
	const output = index === null ? undefined : prediction.outputs[index];
	return {
		predictionId: prediction.predictionId,
		status: prediction.status,
		rawStatus: prediction.rawStatus,
		model: prediction.model ?? known.model,
		prompt: prediction.prompt ?? known.prompt,
		...style.toJson({
			// A base64 output has no URL, and a data URI must not get into json.
			url: output?.url ?? null,
			index: index === null ? null : before + index,
			count,
			size: prediction.size ?? known.size,
			text: prediction.text,
		}),
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

/** The item's most useful fields, in order. */
export function simplified(json: IDataObject, columns: string[]): IDataObject {
	return Object.fromEntries(columns.map((name) => [name, json[name] ?? null]));
}

/**
 * The input's fields and the output's. Where both have a name, the output's stands at the top, and the input's value is
 * kept under `inputFields`. So is `error`: at the top, n8n would take a good item for a failed one and run the node again.
 */
export function withInputFields(inputFields: IDataObject, json: IDataObject): IDataObject {
	const isHidden = (name: string) => name in json || name === 'error' || name === 'inputFields';
	const entries = Object.entries(inputFields);
	const hidden = entries.filter(([name]) => isHidden(name));
	return {
		...Object.fromEntries(entries.filter(([name]) => !isHidden(name))),
		...json,
		...(hidden.length > 0 ? { inputFields: Object.fromEntries(hidden) } : {}),
	};
}

/** The item of a quote. @param count how many predictions it is for */
export function quoteItem(quote: Quote, count: number, itemIndex: number): INodeExecutionData {
	const { model, listPriceUsd, discountPercent, isEstimate, currency } = quote;
	const priceUsd = roundUsd(quote.priceUsd * count);
	const listUsd = listPriceUsd && roundUsd(listPriceUsd * count);
	const json = { model, priceUsd, listPriceUsd: listUsd, discountPercent, isEstimate, currency };
	return { json, pairedItem: { item: itemIndex } };
}

/**
 * The items of a prediction: one per file, or a single one if it has none, as when it is still in progress or returned
 * only text.
 * @throws AtlasError (`download`); CancelledError
 */
export async function outputItems(
	run: DownloadTools,
	prediction: Prediction,
	known: KnownFields,
	destination: OutputDestination,
	positions: FilePositions = { before: 0, count: prediction.outputs.length },
): Promise<INodeExecutionData[]> {
	if (!destination.downloadsFiles) return await itemsOf(run, prediction, known, destination, positions);
	const store = async (whole: Prediction) => await itemsOf(run, whole, known, destination, positions);
	return await withFiles(run.client, prediction, run.signal, store);
}

async function itemsOf(
	run: DownloadTools,
	prediction: Prediction,
	known: KnownFields,
	destination: OutputDestination,
	positions: FilePositions,
): Promise<INodeExecutionData[]> {
	const { itemIndex, style } = destination;
	const pairedItem = { item: itemIndex };
	if (prediction.outputs.length === 0) {
		return [{ json: predictionJson(prediction, known, null, style), pairedItem }];
	}
	const results = await Promise.allSettled(
		prediction.outputs.map(async (_output, index): Promise<INodeExecutionData> => {
			const json = predictionJson(prediction, known, index, style, positions);
			const file = await fileOf(run, prediction, index, destination, positions.before + index);
			return { json, ...file, pairedItem };
		}),
	);
	// Only now: the downloads of the other files would go on after the node has ended.
	return results.map((result) => {
		if (result.status === 'rejected') throw result.reason;
		return result.value;
	});
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
	const fetch = async (): Promise<IBinaryData> =>
		await run.downloads.fetch({
			predictionId,
			output,
			baseName: position === 0 ? baseName : `${baseName}-${position + 1}`,
			maxBytes: maxDownloadBytes,
			signal: run.signal,
		});
	return { binary: { [outputDataFieldName]: await run.downloadSemaphore.use(run.signal, fetch) } };
}
