import type { Resource } from '../run/operation';
import { getOperation, waitOperation } from './get';
import { getManyOperation } from './getMany';
import type { NodeKind, PurchaseJob } from './kind';
import { quoteOperation, submitOperation } from './submit';

/** The resource Prediction of either node. */
export const predictionResource = <Job extends PurchaseJob>(kind: NodeKind<Job>): Resource => ({
	name: 'Prediction',
	value: 'prediction',
	defaultOperation: 'submit',
	operations: [
		getOperation(kind),
		getManyOperation(kind),
		quoteOperation(kind),
		submitOperation(kind),
		waitOperation(kind),
	],
});
