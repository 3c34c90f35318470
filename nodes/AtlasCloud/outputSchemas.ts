/*
 * What each operation returns, for the next node's fields before anything has run: n8n reads a JSON schema beside the
 * node, `__schema__/v<version>/<resource>/<operation>.json`. The build writes these files; no node imports this one.
 */

import { toPrediction } from './api/predictions/prediction';
import { predictionJson } from './items/outputItems';
import { EDIT_STYLE, MODEL_STYLE } from './panel/style';

interface JsonSchema {
	type: 'string' | 'number' | 'boolean' | 'array' | 'object';
	properties?: Record<string, JsonSchema>;
	items?: JsonSchema;
}

type OutputSchema = JsonSchema & { version: 1 };

const number: JsonSchema = { type: 'number' };
const yesOrNo: JsonSchema = { type: 'boolean' };
const texts: JsonSchema = { type: 'array', items: { type: 'string' } };

/** The fields that are no text. */
const TYPES: Record<string, JsonSchema> = {
	predictTimeSeconds: number,
	priceUsd: number,
	listPriceUsd: number,
	discountPercent: number,
	isEstimate: yesOrNo,
	nsfw: yesOrNo,
	imageIndex: number,
	fileIndex: number,
	fileCount: number,
	fileSizeBytes: number,
	urls: texts,
	images: texts,
	inputUrls: texts,
	raw: { type: 'object', properties: {} },
};

const propertiesOf = (names: string[]): Record<string, JsonSchema> =>
	Object.fromEntries(names.map((name) => [name, TYPES[name] ?? { type: 'string' }]));

const output = (names: string[], more: Record<string, JsonSchema> = {}): OutputSchema => ({
	type: 'object',
	properties: { ...propertiesOf(names), ...more },
	version: 1,
});

/** Simplified items, as Simplify has them by default. */
const editedImage = output(EDIT_STYLE.columns);
const file = output(MODEL_STYLE.columns);

/** What starts the trigger's workflow: what an item says of any prediction. */
const prediction = toPrediction('id', { id: 'id', status: 'processing' })!;
const event = output(Object.keys(predictionJson(prediction, {}, null, MODEL_STYLE)));

const quote = output(['model', 'priceUsd', 'listPriceUsd', 'discountPercent', 'isEstimate', 'currency']);

const uploadedFile = propertiesOf(['url', 'fieldName', 'fileName', 'mimeType', 'fileSizeBytes']);

/** By node, and by `resource/operation`; a trigger has neither (n8n 2.41 asks for its schema, and shows none). */
export const OUTPUT_SCHEMAS: Record<string, Record<string, OutputSchema>> = {
	SeedreamEdit: {
		'image/edit': editedImage,
		'image/upload': output(['url', 'urls'], {
			files: { type: 'array', items: { type: 'object', properties: uploadedFile } },
		}),
		'prediction/get': editedImage,
		'prediction/getAll': editedImage,
		'prediction/quote': quote,
		'prediction/submit': output(['predictionId', 'status', 'model', 'prompt', 'images', 'size', 'createdAt']),
		'prediction/waitForCompletion': editedImage,
	},
	AtlasCloudModels: {
		'image/generate': file,
		'video/generate': file,
		'audio/generate': file,
		'model/run': file,
		'prediction/get': file,
		'prediction/getAll': file,
		'prediction/quote': quote,
		'prediction/submit': output(['predictionId', 'status', 'model', 'prompt', 'inputUrls', 'createdAt']),
		'prediction/waitForCompletion': file,
	},
	AtlasCloudTrigger: { '': event },
};

/** The path of a schema from the node's folder. */
export function schemaPath(operation: string): string {
	return `__schema__/v1.0.0${operation === '' ? '' : `/${operation}`}.json`;
}
