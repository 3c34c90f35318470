import { inputError, truncate } from '../../api/errors';
import { asString } from '../../api/json';
import { isPredictionId } from '../../api/predictions/predictionAnswer';
import type { NodeRun } from './nodeRun';
import { readDestination } from './destination';
import type { KnownFields, OutputDestination } from './outputItems';

/** A prediction that an item names. */
export interface PredictionJob {
	predictionId: string;
	/** What the input item itself tells of it, as Submit wrote it there. */
	known: KnownFields;
	destination: OutputDestination;
}

/**
 * Reads which prediction an item means.
 * @throws AtlasError (`input`)
 */
export function readPredictionJob(run: NodeRun, itemIndex: number): PredictionJob {
	const value: unknown = run.context.getNodeParameter('predictionId', itemIndex, '');
	const predictionId = typeof value === 'string' ? value.trim() : '';
	if (!isPredictionId(predictionId)) {
		throw inputError(
			predictionId === '' ? 'Prediction ID is empty' : `"${truncate(predictionId)}" is not a prediction ID`,
			'Give the id that the operation Submit put out. Where it is an expression, check that this item has the field predictionId.',
		);
	}
	const { json } = run.context.getInputData()[itemIndex];
	const isSame = json.predictionId === predictionId;
	const tell = (name: string) => (isSame ? asString(json[name]) : null);
	return {
		predictionId,
		known: { model: tell('model'), prompt: tell('prompt'), size: tell('size') },
		destination: readDestination(run, itemIndex, `seedream-${predictionId}`),
	};
}
