import { asNumber } from '../api/json';
import type { OperationSummary } from './operation';

/** E.g. `1 edit`, `2 edits`. */
export function plural(count: number, noun: string): string {
	return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** E.g. `2 edits submitted`; empty for none. */
export function countNoun(count: number, noun: string, participle = ''): string[] {
	return count === 0 ? [] : [`${plural(count, noun)}${participle}`];
}

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
