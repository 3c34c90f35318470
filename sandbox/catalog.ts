import { createHash } from 'node:crypto';
import { discountPercentOf } from './pricing';
import { predictSecondsOf, type PredictTimes } from './tasks';
import { MODELS } from './models';
import type { Model } from './models/model';
import { schemaPath } from './schemas';

/** `GET /api/v1/models`: no key needed. `avgLatency` is in seconds here; Atlas does not name its unit. */
export function catalog(filesUrl: string, times: PredictTimes): unknown {
	return {
		code: 200,
		message: 'success',
		data: MODELS.map((model) => entry(model, filesUrl, times)),
	};
}

function entry(model: Model, filesUrl: string, times: PredictTimes): Record<string, unknown> {
	const { usd, unit, listUsd = usd } = model.price;
	return {
		uuid: uuidOf(model.id),
		model: model.id,
		type: model.type,
		displayName: model.displayName,
		profile: model.profile,
		organization: model.id.split('/')[0],
		categories: model.categories,
		tags: model.tags,
		...(model.type === 'Text' ? {} : { schema: filesUrl + schemaPath(model.id) }),
		price: {
			actual: { base_price: String(usd), unit },
			origin: { base_price: String(listUsd), unit },
			discount: String(discountPercentOf(model.price)),
		},
		avgLatency: predictSecondsOf(model.type, times),
		display_console: model.displayConsole,
	};
}

/** The same for the same model. */
function uuidOf(modelId: string): string {
	const hex = createHash('sha256').update(modelId).digest('hex');
	return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5');
}

/** `GET /v1/models`, the OpenAI-compatible list. Which models it holds is not known: here those of type Text. */
export function openAiModels(): unknown {
	const data = MODELS.filter(({ type }) => type === 'Text').map(({ id }) => ({
		id,
		object: 'model',
		created: 1_735_689_600,
		owned_by: id.split('/')[0],
	}));
	return { object: 'list', data };
}
