import { MODELS } from './models';
import type { InputSchema, Model, SeedreamModel, Property, RunnableModel } from './models/model';
import { choice } from './models/properties';

/** The models' OpenAPI documents on the files host (see docs/atlas-cloud-api.md, Catalog). */

export function schemaPath(modelId: string): string {
	return `/model/schema/${modelId.replaceAll('/', '-')}.json`;
}

/** The document at this path, if there is one. Text models have none. */
export function schemaAt(path: string): Record<string, unknown> | undefined {
	const model = MODELS.find(({ id, type }) => type !== 'Text' && schemaPath(id) === path);
	return model && schemaDocument(model);
}

export function inputSchemaOf(model: RunnableModel): InputSchema {
	return model.kind === 'media' ? model.input : seedreamSchema(model);
}

function schemaDocument(model: Model): Record<string, unknown> {
	const input = model.kind === 'unavailable' ? PROMPT_ONLY : inputSchemaOf(model);
	return {
		openapi: '3.0.0',
		info: { title: model.displayName, version: '1.0.0', 'x-model-id': model.id },
		servers: [{ url: 'https://api.atlascloud.ai' }],
		paths: {
			[`/api/v1/model/generate${model.type}`]: {
				post: { requestBody: jsonOf('Input'), responses: { 200: jsonOf('PredictionResponse') } },
			},
			'/api/v1/model/prediction/{id}': {
				get: {
					parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
					responses: { 200: jsonOf('PredictionResponse') },
				},
			},
		},
		components: {
			schemas: {
				Input: {
					type: 'object',
					title: 'Input',
					properties: input.properties,
					required: input.required,
					'x-order-properties': Object.keys(input.properties),
				},
				...input.shared,
				PredictionResponse: PREDICTION_RESPONSE,
			},
		},
	};
}

/** `components.schemas.PredictionResponse` of every model. */
const PREDICTION_RESPONSE = {
	type: 'object',
	title: 'PredictionResponse',
	properties: {
		code: { type: 'integer' },
		message: { type: 'string' },
		data: {
			type: 'object',
			properties: {
				id: { type: 'string' },
				model: { type: 'string' },
				status: { type: 'string', enum: ['created', 'processing', 'completed', 'failed'] },
				outputs: { type: 'array', items: { type: 'string' }, nullable: true },
				urls: { type: 'object', properties: { get: { type: 'string' } } },
				has_nsfw_contents: { type: 'array', items: { type: 'boolean' } },
				error: { type: 'string' },
				created_at: { type: 'string', format: 'date-time' },
			},
		},
	},
};

function jsonOf(schema: string): Record<string, unknown> {
	return {
		description: schema,
		content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } },
	};
}

const PROMPT: Property = {
	type: 'string',
	title: 'Prompt',
	description: 'What to make, or what to change.',
};

const PROMPT_ONLY: InputSchema = { properties: { prompt: PROMPT }, required: ['prompt'] };

function seedreamSchema(model: SeedreamModel): InputSchema {
	const properties: Record<string, Property> = { prompt: PROMPT };
	if (model.images?.isOne) {
		properties['image'] = { type: 'string', title: 'Image', description: 'URL of the picture to edit.' };
	} else if (model.images) {
		properties['images'] = {
			type: 'array',
			title: 'Images',
			description: 'URLs or data URIs of the pictures to edit.',
			items: { type: 'string' },
			minItems: model.images.min,
			maxItems: model.images.max,
		};
	}
	Object.assign(properties, model.size.properties);
	if (model.sequence) {
		const { field, max } = model.sequence;
		const title = field === 'max_images' ? 'Max Images' : 'Num Images';
		properties[field] = { type: 'integer', title, default: 1, minimum: 1, maximum: max };
	}
	if (model.outputFormat) {
		properties['output_format'] = {
			type: 'string',
			title: 'Output Format',
			enum: ['jpeg', 'png'],
			default: 'png',
		};
	}
	if (model.background) {
		properties['background'] = choice('Background', ['auto', 'transparent', 'opaque'], 'auto');
	}
	properties['enable_base64_output'] = { type: 'boolean', title: 'Enable Base64 Output', default: false };
	properties['enable_sync_mode'] = { type: 'boolean', title: 'Enable Sync Mode', default: false };
	const requiredImages = Object.keys(properties).filter((name) => /^images?$/.test(name));
	return { properties, required: ['prompt', ...requiredImages] };
}
