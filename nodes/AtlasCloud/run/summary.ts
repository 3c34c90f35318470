import { asNumber } from '../api/json';
import type { OperationSummary } from './operation';
import { countNoun } from '../api/words';

/** The summary of operations that return predictions and their images. */
export const predictionSummary: OperationSummary = {
	count(done) {
		const countOf = (status: string) => done.filter(({ json }) => json.status === status).length;
		return {
			done: [
				...countNoun(countOf('completed'), 'edited image'),
				...countNoun(countOf('processing'), 'edit', ' still running'),
			],
			failedCount: countOf('failed'),
		};
	},
	reportedPrice: ({ priceUsd }) => asNumber(priceUsd),
};

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
