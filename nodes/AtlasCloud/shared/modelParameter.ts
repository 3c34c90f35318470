import type { IExecuteFunctions } from 'n8n-workflow';
import { inputError } from '../api/errors';

/**
 * The ID in an item's Model field.
 * @param example an ID for the message
 * @throws AtlasError (`input`)
 */
export function readModel(context: IExecuteFunctions, itemIndex: number, example: string): string {
	const model: unknown = context.getNodeParameter('model', itemIndex, '', { extractValue: true });
	if (typeof model === 'string' && /^[^\s?#]+$/.test(model.trim())) return model.trim();
	throw inputError(
		'Model is empty or not a valid model ID',
		`Choose a model from the list, or enter an ID such as ${example}.`,
	);
}
