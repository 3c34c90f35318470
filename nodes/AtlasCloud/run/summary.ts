import { asNumber } from '../api/json';
import { countNoun } from '../api/words';
import type { NodeWords } from '../panel/options';
import type { OperationSummary } from './operation';

/** The summary of operations that return predictions and their files, in the node's words. */
export function summaryOf({ purchase, output, result }: NodeWords): OperationSummary {
	return {
		count(done) {
			const countOf = (status: string) => done.filter(({ json }) => json.status === status).length;
			return [
				...countNoun(countOf('completed'), result),
				...countNoun(countOf('processing'), purchase, ' still running'),
			];
		},
		reportedPrice: ({ priceUsd }) => asNumber(priceUsd),
		noun: purchase,
		pinAdvice: `To pin this output, turn off Download ${output === 'image' ? 'Images' : 'Files'} under Options.`,
	};
}
