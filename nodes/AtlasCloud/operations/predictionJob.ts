import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import { inputError, truncate } from '../api/errors';
import { asString } from '../api/json';
import { isPredictionId } from '../api/predictions/predictionAnswer';
import { readDestination, type OutputDestination, type OutputStyle } from '../items/destination';
import type { KnownFields } from '../items/outputItems';

/** An item that refers to an existing prediction. */
export interface PredictionJob {
	predictionId: string;
	/** What the input item says about it, as Submit wrote it there. */
	known: KnownFields;
	destination: OutputDestination;
}

/**
 * Reads which prediction an item refers to, and where its files go.
 * @throws AtlasError (`input`)
 */
export function readPredictionJob(
	context: IExecuteFunctions,
	itemIndex: number,
	options: IDataObject,
	style: OutputStyle,
): PredictionJob {
	const value: unknown = context.getNodeParameter('predictionId', itemIndex, '');
	const predictionId = typeof value === 'string' ? value.trim() : '';
	if (!isPredictionId(predictionId)) {
		throw inputError(
			predictionId === '' ? "'Prediction ID' is empty" : `"${truncate(predictionId)}" is not a prediction ID`,
			'Enter the prediction ID that Submit returned. If you use an expression, check that this item has the field predictionId.',
		);
	}
	const { json } = context.getInputData()[itemIndex];
	// The item may carry the fields of another prediction.
	const isSame = json.predictionId === predictionId;
	const field = (name: string) => (isSame ? asString(json[name]) : null);
	const baseName = `${style.fileNamePrefix}-${predictionId}`;
	return {
		predictionId,
		known: { model: field('model'), prompt: field('prompt'), size: field('size') },
		destination: readDestination(itemIndex, options, baseName, style),
	};
}
