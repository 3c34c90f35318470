import { createHash } from 'node:crypto';
import { MODELS, type Model, type SizeRule } from './models';

/** `GET /api/v1/models` [C]: no key needed. `avgLatency` is in seconds here; Atlas does not name its unit. */
export function catalog(filesUrl: string, predictSeconds: number): unknown {
	return {
		code: 200,
		message: 'success',
		data: MODELS.map((model) => entry(model, filesUrl, predictSeconds)),
	};
}

function entry(model: Model, filesUrl: string, predictSeconds: number): Record<string, unknown> {
	const price = {
		base_price: String(model.priceUsd),
		unit: model.type === 'Video' ? 'second' : 'generation',
	};
	return {
		uuid: uuidOf(model.id),
		model: model.id,
		type: model.type,
		displayName: model.displayName,
		profile: model.profile,
		organization: model.id.split('/')[0],
		categories: model.categories,
		tags: model.tags,
		// Text models have none [C].
		...(model.type === 'Text' ? {} : { schema: filesUrl + schemaPath(model.id) }),
		price: { actual: price, origin: price, discount: '100' },
		avgLatency: model.type === 'Image' ? predictSeconds : 60,
		display_console: model.displayConsole,
	};
}

/** The same for the same model. */
function uuidOf(modelId: string): string {
	const hex = createHash('sha256').update(modelId).digest('hex');
	return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5');
}

/** `GET /v1/models`, the OpenAI-compatible list [C]. Which models it holds is not known: here those of type Text. */
export function openAiModels(): unknown {
	const data = MODELS.filter(({ type }) => type === 'Text').map(({ id }) => ({
		id,
		object: 'model',
		created: 1_735_689_600,
		owned_by: id.split('/')[0],
	}));
	return { object: 'list', data };
}

/** `/model/schema/<id with "/" as "-">.json` [C]. */
export function schemaPath(modelId: string): string {
	return `/model/schema/${modelId.replaceAll('/', '-')}.json`;
}

/** The schema document at this path of the files host, if there is one. */
export function schemaAt(path: string): Record<string, unknown> | undefined {
	const model = MODELS.find(({ id, type }) => type !== 'Text' && schemaPath(id) === path);
	return model && schemaDocument(model);
}

/** OpenAPI, the model's input under `components.schemas.Input` [C]. */
function schemaDocument(model: Model): Record<string, unknown> {
	const properties = inputProperties(model);
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
					properties,
					required: model.images ? ['prompt', 'images'] : ['prompt'],
					'x-order-properties': Object.keys(properties),
				},
				PredictionResponse: PREDICTION_RESPONSE,
			},
		},
	};
}

function jsonOf(schema: string): Record<string, unknown> {
	return {
		description: schema,
		content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } },
	};
}

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

function inputProperties(model: Model): Record<string, unknown> {
	const properties: Record<string, unknown> = {
		prompt: { type: 'string', title: 'Prompt', description: 'What to make, or what to change.' },
	};
	if (model.type !== 'Image') return properties;
	if (model.images) {
		properties['images'] = {
			type: 'array',
			title: 'Images',
			description: 'URLs or data URIs of the pictures to edit.',
			items: { type: 'string' },
			minItems: model.images.min,
			maxItems: model.images.max,
		};
	}
	properties['size'] = {
		type: 'string',
		title: 'Size',
		default: model.defaultSize,
		...sizeSchema(model.size),
	};
	if (model.sequence) {
		const { field, most } = model.sequence;
		const title = field === 'max_images' ? 'Max Images' : 'Num Images';
		properties[field] = { type: 'integer', title, default: 1, minimum: 1, maximum: most };
	}
	if (model.outputFormat) {
		properties['output_format'] = {
			type: 'string',
			title: 'Output Format',
			enum: ['jpeg', 'png'],
			default: 'png',
		};
	}
	properties['enable_base64_output'] = { type: 'boolean', title: 'Enable Base64 Output', default: false };
	properties['enable_sync_mode'] = { type: 'boolean', title: 'Enable Sync Mode', default: false };
	return properties;
}

function sizeSchema(size: SizeRule): Record<string, unknown> {
	switch (size.kind) {
		case 'list':
			return { description: 'Width*height of the picture.', enum: size.sizes };
		case 'tiers':
			return { description: 'How large the picture is.', enum: size.tiers };
		case 'range':
			return {
				description: `Width*height of the picture, ${size.min} to ${size.max} a side.`,
				minimum: size.min,
				maximum: size.max,
			};
	}
}
