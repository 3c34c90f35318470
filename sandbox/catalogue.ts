import { MODELS, MOST_IMAGES_IN_AND_OUT, type Model } from './models';

/** `GET /api/v1/models` [C]: no key needed. `avgLatency` is in seconds here; Atlas does not name its unit. */
export function catalogue(filesUrl: string, predictSeconds: number): unknown {
	return {
		code: 200,
		message: 'success',
		data: MODELS.map((model) => entry(model, filesUrl, predictSeconds)),
	};
}

function entry(model: Model, filesUrl: string, predictSeconds: number): Record<string, unknown> {
	return {
		model: model.id,
		type: model.type,
		displayName: model.displayName,
		profile: model.profile,
		organization: model.id.split('/')[0],
		categories: model.categories,
		tags: model.tags,
		schema: filesUrl + schemaPath(model.id),
		price: { actual: { base_price: String(model.priceUsd) }, discount: '100' },
		avgLatency: model.type === 'Image' ? predictSeconds : 60,
		display_console: model.displayConsole,
	};
}

/** `/model/schema/<id with "/" as "-">.json` [C]. */
export function schemaPath(modelId: string): string {
	return `/model/schema/${modelId.replaceAll('/', '-')}.json`;
}

/** The schema document at this path of the files host, if there is one. */
export function schemaAt(path: string): Record<string, unknown> | undefined {
	const model = MODELS.find(({ id }) => schemaPath(id) === path);
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
			'/api/v1/model/generateImage': {
				post: {
					requestBody: {
						content: { 'application/json': { schema: { $ref: '#/components/schemas/Input' } } },
					},
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
			},
		},
	};
}

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
	const size = { type: 'string', title: 'Size', default: model.defaultSize };
	properties['size'] =
		model.size.kind === 'list'
			? { ...size, description: 'Width*height of the picture.', enum: model.size.sizes }
			: {
					...size,
					description: `Width*height of the picture, ${model.size.min} to ${model.size.max} a side.`,
					minimum: model.size.min,
					maximum: model.size.max,
				};
	if (model.sequential) {
		properties['max_images'] = {
			type: 'integer',
			title: 'Max Images',
			default: 1,
			minimum: 1,
			maximum: MOST_IMAGES_IN_AND_OUT,
		};
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
