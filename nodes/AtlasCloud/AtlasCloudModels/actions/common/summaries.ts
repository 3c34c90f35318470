import { asNumber } from '../../../api/json';
import type { OperationSummary } from '../../../shared/operation';
import { countNoun } from '../../../shared/summary';

/** The summary of operations that return predictions and their files. */
export const fileSummary: OperationSummary = {
	count(done) {
		const countOf = (status: string) => done.filter(({ json }) => json.status === status).length;
		return {
			done: [
				...countNoun(countOf('completed'), 'result'),
				...countNoun(countOf('processing'), 'prediction', ' still running'),
			],
			failedCount: countOf('failed'),
		};
	},
	reportedPrice: ({ priceUsd }) => asNumber(priceUsd),
	noun: 'prediction',
	pinAdvice: 'To pin this output, turn off Download Files.',
};
