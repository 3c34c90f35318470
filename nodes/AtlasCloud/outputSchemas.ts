/*
 * What each operation returns, for the next node's fields before anything has run: n8n reads a JSON schema beside the
 * node, `__schema__/v<version>/<resource>/<operation>.json`. The build writes these files; no node imports this one.
 */

import { FILE_OUTPUT, IMAGE_OUTPUT, type OutputStyle } from './items/destination';

interface JsonSchema {
	type: 'string' | 'number' | 'boolean' | 'array' | 'object';
	properties?: Record<string, JsonSchema>;
	items?: JsonSchema;
}

type OutputSchema = JsonSchema & { version: 1 };

const text: JsonSchema = { type: 'string' };
const number: JsonSchema = { type: 'number' };
const yesOrNo: JsonSchema = { type: 'boolean' };
const listOf = (items: JsonSchema): JsonSchema => ({ type: 'array', items });
const object = (properties: Record<string, JsonSchema>): JsonSchema => ({ type: 'object', properties });
const output = (properties: Record<string, JsonSchema>): OutputSchema => ({
	...object(properties),
	type: 'object',
	version: 1,
});

const TYPES: Record<string, JsonSchema> = { priceUsd: number, imageIndex: number, fileIndex: number };

/** A simplified item, as Simplify has it by default. */
const simplified = ({ columns }: OutputStyle) =>
	output(Object.fromEntries(columns.map((name) => [name, TYPES[name] ?? text])));

const editedImage = simplified(IMAGE_OUTPUT);
const file = simplified(FILE_OUTPUT);

/** What starts the trigger's workflow. */
const event = output({
	predictionId: text,
	status: text,
	rawStatus: text,
	model: text,
	prompt: text,
	fileUrl: text,
	fileIndex: number,
	fileCount: number,
	text,
	predictTimeSeconds: number,
	priceUsd: number,
	nsfw: yesOrNo,
	failureReason: text,
	createdAt: text,
	completedAt: text,
	raw: object({}),
});

const quote = output({
	model: text,
	priceUsd: number,
	listPriceUsd: number,
	discountPercent: number,
	isEstimate: yesOrNo,
	currency: text,
});

/** By node, and by `resource/operation`; a trigger has neither (n8n 2.41 asks for its schema, and shows none). */
export const OUTPUT_SCHEMAS: Record<string, Record<string, OutputSchema>> = {
	SeedreamEdit: {
		'image/edit': editedImage,
		'image/upload': output({
			url: text,
			urls: listOf(text),
			files: listOf(
				object({ url: text, fieldName: text, fileName: text, mimeType: text, fileSizeBytes: number }),
			),
		}),
		'prediction/get': editedImage,
		'prediction/getAll': editedImage,
		'prediction/quote': quote,
		'prediction/submit': output({
			predictionId: text,
			status: text,
			model: text,
			prompt: text,
			images: listOf(text),
			size: text,
			createdAt: text,
		}),
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
		'prediction/submit': output({
			predictionId: text,
			status: text,
			model: text,
			prompt: text,
			inputUrls: listOf(text),
			createdAt: text,
		}),
		'prediction/waitForCompletion': file,
	},
	AtlasCloudTrigger: { '': event },
};

/** The path of a schema from the node's folder. */
export function schemaPath(operation: string): string {
	return `__schema__/v1.0.0${operation === '' ? '' : `/${operation}`}.json`;
}
