/** `components.schemas.PredictionResponse` of every model. */
export const PREDICTION_RESPONSE = {
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
