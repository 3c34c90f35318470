import type { IBinaryData, INodeExecutionData } from 'n8n-workflow';
import { CancelledError } from '../api/errors';
import type { PurchaseInput } from '../api/purchases/request';
import { binaryOf } from '../n8n/binary';
import type { NodeRun, Outcome } from '../nodeRun';
import { readBinaryFields } from './binaryFields';
import { INPUT_IMAGE_FIELD, type OutputDestination } from './destination';

/**
 * Puts the input's first image beside the output, where the option Keep Input Image asks for it.
 * @param first the first input of the request; by default the item's first image
 */
export async function withInputImage(
	run: NodeRun,
	items: INodeExecutionData[],
	destination: OutputDestination,
	first?: PurchaseInput,
): Promise<Outcome> {
	if (!destination.keepsInputImage) return { items };
	const original = await inputImage(run, destination, first);
	if (!original)
		return {
			items,
			notes: [`An input image couldn’t be loaded again, so its item has no field ${INPUT_IMAGE_FIELD}.`],
		};
	return {
		items: items.map((item) => ({ ...item, binary: { ...item.binary, [INPUT_IMAGE_FIELD]: original } })),
	};
}

async function inputImage(
	run: NodeRun,
	{ itemIndex, maxDownloadBytes }: OutputDestination,
	first?: PurchaseInput,
): Promise<IBinaryData | undefined> {
	if (first?.file) return binaryOf(first.file);
	if (!first) {
		const { fields } = readBinaryFields(run.context, itemIndex);
		return fields.find(([, { mimeType }]) => mimeType?.startsWith('image/'))?.[1];
	}
	const output = { url: first.url };
	const order = { predictionId: '', output, baseName: INPUT_IMAGE_FIELD, maxBytes: maxDownloadBytes };
	const fetch = async () => await run.downloads.fetch({ ...order, signal: run.signal });
	return await run.downloadSemaphore.use(run.signal, fetch).catch((error: unknown) => {
		if (error instanceof CancelledError) throw error;
		// The edit is paid for, and must not be lost over its input.
		return undefined;
	});
}
