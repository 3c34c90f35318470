import { readDestination, type OutputDestination } from '../items/destination';
import { withInputImage } from '../items/inputImage';
import { purchasedItems } from '../items/purchasedItems';
import { itemOperation, type ItemOperation } from '../run/operation';
import { summaryOf } from '../run/summary';
import { simplifyField } from '../panel/optionFields';
import { purchasing, requestsOf, type NodeKind, type PurchaseJob } from './kind';

/** Uploads, submits, waits, and downloads. */
export function buyOperation<Job extends PurchaseJob>(
	kind: NodeKind<Job>,
	option: ItemOperation['option'],
): ItemOperation {
	return itemOperation<Job & { destination: OutputDestination }>({
		option,
		fields: [...kind.fields, simplifyField, kind.options.buy],
		summary: { ...summaryOf(kind.style.words), isPaid: true },
		columns: kind.style.columns,
		...purchasing(kind),

		async read(run, itemIndex, options) {
			const job = await kind.read(run, itemIndex, options);
			const baseName = kind.baseNameOf(job);
			const destination = readDestination(itemIndex, options, baseName, kind.style);
			return { ...job, destination };
		},

		async work(run, job) {
			const { destination, request } = job;
			const { items, error } = await purchasedItems(run, requestsOf(job), destination);
			return { ...(await withInputImage(run, items, destination, request.inputs[0])), error };
		},
	});
}
