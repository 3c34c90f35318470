import { readDestination, type OutputDestination } from '../items/destination';
import { purchasedItems } from '../items/purchasedItems';
import { itemOperation, type ItemOperation } from '../run/operation';
import { summaryOf } from '../run/summary';
import { purchasing, type NodeKind, type PurchaseJob } from './kind';

/** Uploads, submits, waits, and downloads. */
export function buyOperation<Job extends PurchaseJob>(
	kind: NodeKind<Job>,
	option: ItemOperation['option'],
): ItemOperation {
	return itemOperation<Job & { destination: OutputDestination }>({
		option,
		fields: [...kind.fields, ...kind.downloadFields, kind.options.buy],
		summary: { ...summaryOf(kind.style.words), isPaid: true },
		...purchasing(kind),

		async read(run, itemIndex, options) {
			const job = await kind.read(run, itemIndex, options);
			const baseName = kind.baseNameOf(job);
			const destination = readDestination(run.context, itemIndex, options, baseName, kind.style);
			return { ...job, destination };
		},

		async work(run, { request, destination, estimateUsd }) {
			return await purchasedItems(run, request, destination, estimateUsd);
		},
	});
}
