import type { IExecuteFunctions } from 'n8n-workflow';
import { plural } from '../api/words';

/** IDs in one line of n8n's log. */
export const IDS_PER_LINE = 20;

/**
 * Writes the IDs of new predictions into n8n's log, several per line: if n8n dies before the node ends, nothing else on
 * this side has them.
 */
export class PurchaseLog {
	private readonly seenIds = new Set<string>();

	private pending: Array<{ predictionId: string; model: string }> = [];

	constructor(
		private readonly context: Pick<
			IExecuteFunctions,
			'logger' | 'getNode' | 'getWorkflow' | 'getExecutionId'
		>,
	) {}

	/** Adds a prediction that Atlas has just accepted. Never throws: a log must not cost a result. */
	add(predictionId: string, model: string): void {
		if (this.seenIds.has(predictionId)) return;
		this.seenIds.add(predictionId);
		this.pending.push({ predictionId, model });
		if (this.pending.length >= IDS_PER_LINE) this.flush();
	}

	/** Writes what is left, if anything. */
	flush(): void {
		const predictions = this.pending;
		this.pending = [];
		if (predictions.length === 0) return;
		try {
			this.write(predictions);
		} catch {
			// The IDs are in the items and errors as well.
		}
	}

	private write(predictions: Array<{ predictionId: string; model: string }>): void {
		const { context } = this;
		const { id: workflowId, name: workflowName } = context.getWorkflow();
		const nodeName = context.getNode().name;
		const executionId = context.getExecutionId();
		const predictionIds = predictions.map(({ predictionId }) => predictionId);
		const models = [...new Set(predictions.map(({ model }) => model))];
		const where = `node "${nodeName}", workflow "${workflowName ?? workflowId ?? ''}", execution ${executionId}`;
		context.logger.info(
			`Atlas Cloud accepted ${plural(predictionIds.length, 'prediction')} of ${models.join(', ')} (${where}): ${predictionIds.join(', ')}`,
			{ predictionIds, models, nodeName, workflowId, executionId },
		);
	}
}
