import type { IExecuteFunctions } from 'n8n-workflow';
import { inputError } from '../api/errors';
import { asObject, parseJson, type JsonObject } from '../api/json';

/**
 * What an item gives for the model's fields, in either input mode.
 * @throws AtlasError (`input`) where it is not a JSON object
 */
export function readGivenInputs(context: IExecuteFunctions, itemIndex: number): JsonObject {
	return context.getNodeParameter('inputMode', itemIndex, 'fields') === 'json'
		? readJson(context, itemIndex)
		: readFields(context, itemIndex);
}

/** Read whole: n8n checks `modelInputs.value` itself, and refuses the text `10` for a number. */
function readFields(context: IExecuteFunctions, itemIndex: number): JsonObject {
	const mapper = asObject(context.getNodeParameter('modelInputs', itemIndex, {}));
	return asObject(mapper?.value) ?? {};
}

function readJson(context: IExecuteFunctions, itemIndex: number): JsonObject {
	const value: unknown = context.getNodeParameter('modelInputsJson', itemIndex, '{}');
	const given = asObject(typeof value === 'string' ? parseJson(value) : value);
	if (given) return given;
	throw inputError(
		"'Model Inputs (JSON)' must be a JSON object",
		'Write it like {"prompt": "A red fox in the snow"}. If you use an expression, put text with quotation marks or line breaks in JSON.stringify().',
	);
}
