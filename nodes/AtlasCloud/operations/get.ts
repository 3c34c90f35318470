import { readPrediction } from '../api/predictions/readPrediction';
import { withArticle } from '../api/words';
import { withInputImage } from '../items/inputImage';
import { outputItems } from '../items/outputItems';
import { simplifyField } from '../panel/optionFields';
import { itemOperation, type ItemOperation } from '../run/operation';
import { summaryOf } from '../run/summary';
import { predictionIdField, type NodeKind } from './kind';
import { readPredictionJob, type PredictionJob } from './predictionJob';

/** Reads the current state of predictions. A failed one is a result here, not an error. */
export function getOperation({ style, options }: NodeKind): ItemOperation {
	const { purchase, output } = style.words;
	return itemOperation<PredictionJob>({
		option: {
			name: 'Get',
			value: 'get',
			action: 'Get prediction',
			description: `Get the status of ${withArticle(purchase)}, and its ${output}s once it is finished`,
		},
		fields: [predictionIdField, simplifyField, options.get],
		summary: summaryOf(style.words),
		columns: style.columns,
		about: ({ predictionId, known }) => ({ ...known, predictionId }),

		read: async ({ context }, itemIndex, given) => readPredictionJob(context, itemIndex, given, style),

		async work(run, { predictionId, known, destination }) {
			const prediction = await readPrediction(run.client, predictionId, run.signal);
			const items = await outputItems(run, prediction, known, destination);
			return await withInputImage(run, items, destination);
		},
	});
}
