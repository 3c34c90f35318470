import { readPrediction } from '../api/predictions/readPrediction';
import { withArticle } from '../api/words';
import { outputItems } from '../items/outputItems';
import { itemOperation, type ItemOperation } from '../run/operation';
import { summaryOf } from '../run/summary';
import { predictionIdField, type NodeKind } from './kind';
import { readPredictionJob, type PredictionJob } from './predictionJob';

/** Reads the current state of predictions. A failed one is a result here, not an error. */
export function getOperation({ style, downloadFields, options }: NodeKind): ItemOperation {
	const { purchase, output } = style.words;
	return itemOperation<PredictionJob>({
		option: {
			name: 'Get',
			value: 'get',
			action: 'Get prediction',
			description: `Get the status of ${withArticle(purchase)}, and its ${output}s once it is finished`,
		},
		fields: [predictionIdField, ...downloadFields, options.get],
		summary: summaryOf(style.words),

		read: async ({ context }, itemIndex, given) => readPredictionJob(context, itemIndex, given, style),

		async work(run, { predictionId, known, destination }) {
			const prediction = await readPrediction(run.client, predictionId, run.signal);
			return await outputItems(run, prediction, known, destination);
		},
	});
}
