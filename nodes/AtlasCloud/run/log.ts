import type { IExecuteFunctions } from 'n8n-workflow';
import { plural } from '../api/words';

/** IDs in one line of n8n's log. */
const IDS_PER_LINE = 20;

/**
 * Writes the IDs of new predictions into n8n's log, several per line: if n8n dies before the node ends, nothing else on
 * this side has them.
 */
export class PurchaseLog {
	/** Models by prediction ID. */
	private readonly pending = new Map<string, string>();

	constructor(private readonly context: IExecuteFunctions) {}

	/** Adds a prediction that Atlas has just accepted. Never throws: a log must not cost a result. */
	add(predictionId: string, model: string): void {
		this.pending.set(predictionId, model);
		if (this.pending.size >= IDS_PER_LINE) this.flush();
	}

	/** Writes what is left, if anything. */
	flush(): void {
		const predictionIds = [...this.pending.keys()];
		const models = [...new Set(this.pending.values())];
		this.pending.clear();
		if (predictionIds.length === 0) return;
		try {
			this.write(predictionIds, models);
		} catch {
			// The IDs are in the items and errors as well.
		}
	}

	private write(predictionIds: string[], models: string[]): void {
		const { context } = this;
		const { id: workflowId, name: workflowName } = context.getWorkflow();
		const nodeName = context.getNode().name;
		const executionId = context.getExecutionId();
		const where = `node "${nodeName}", workflow "${workflowName ?? workflowId ?? ''}", execution ${executionId}`;
		context.logger.info(
			`Atlas Cloud accepted ${plural(predictionIds.length, 'prediction')} of ${models.join(', ')} (${where}): ${predictionIds.join(', ')}`,
			{ predictionIds, models, nodeName, workflowId, executionId },
		);
	}
}
