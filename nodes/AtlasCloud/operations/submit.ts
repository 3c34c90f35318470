import { toPrediction } from '../api/predictions/prediction';
import { noteSubmitted } from '../api/predictions/readPrediction';
import { countNoun, withArticle } from '../api/text';
import type { Operation } from '../run/operation';
import { buyAll, purchasing } from './buy';
import type { NodeKind, PurchaseJob } from './kind';

const NOT_CALLED =
	"For reused predictions, Atlas Cloud only calls the 'Webhook URL' of their first submit, and not again if they have ended: get those with Wait for Completion.";

/** Submits purchases and returns their prediction IDs at once. */
export function submitOperation(kind: NodeKind): Operation<PurchaseJob> {
	return {
		option: {
			name: 'Submit',
			value: 'submit',
			action: `Submit ${kind.style.purchase}`,
			description: `Start ${withArticle(kind.style.purchase)} and return its prediction ID without waiting`,
		},
		fields: [...kind.fields, kind.options.submit],
		count: (done) => countNoun(done.length, kind.style.purchase, ' submitted'),
		columns: ['predictionId', 'status', 'model', 'prompt', 'createdAt'],
		read: kind.read,
		...purchasing(kind),

		async work(run, job, itemIndex) {
			const { results, error } = await buyAll(run, job, 'leave');
			const items = results.map((bought) => {
				const { predictionId, model, prompt } = bought;
				noteSubmitted(predictionId, run.client.clock.nowMs());
				const prediction = toPrediction(predictionId, bought.answer);
				const json = {
					predictionId,
					// Even a completed prediction has to be waited for: its files are not in this answer.
					status: prediction?.status === 'failed' ? 'failed' : 'processing',
					model,
					prompt,
					...kind.inputsJson(bought),
					createdAt: prediction?.createdAt ?? null,
				};
				return { json, pairedItem: { item: itemIndex } };
			});
			const isReused = run.ledger.of(itemIndex).some(({ origin }) => origin !== 'own');
			return { items, error, notes: isReused && job.request.webhookUrl !== undefined ? [NOT_CALLED] : [] };
		},
	};
}
