import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { inputError, truncate } from '../api/errors';
import { asString } from '../api/json';
import { isPredictionId } from '../api/predictions/predictionAnswer';
import { readDestination, type OutputDestination } from './destination';
import type { KnownFields } from './outputItems';

/** An item that refers to an existing prediction. */
export interface PredictionJob {
	predictionId: string;
	/** What the input item says about it, as Submit wrote it there. */
	known: KnownFields;
	destination: OutputDestination;
}

/**
 * Reads which prediction an item refers to, and where its images go.
 * @param readFrom reads where they go, from the node's own parameters
 * @throws AtlasError (`input`)
 */
export function readPredictionJob(
	context: IExecuteFunctions,
	itemIndex: number,
	options: IDataObject,
	readFrom: typeof readDestination = readDestination,
): PredictionJob {
	const value: unknown = context.getNodeParameter('predictionId', itemIndex, '');
	const predictionId = typeof value === 'string' ? value.trim() : '';
	if (!isPredictionId(predictionId)) {
		throw inputError(
			predictionId === '' ? 'Prediction ID is empty' : `"${truncate(predictionId)}" is not a prediction ID`,
			'Give the id that the operation Submit put out. Where it is an expression, check that this item has the field predictionId.',
		);
	}
	const { json } = context.getInputData()[itemIndex];
	// The item may carry the fields of another prediction.
	const isSame = json.predictionId === predictionId;
	const field = (name: string) => (isSame ? asString(json[name]) : null);
	return {
		predictionId,
		known: { model: field('model'), prompt: field('prompt'), size: field('size') },
		destination: readFrom(context, itemIndex, options, `seedream-${predictionId}`),
	};
}
