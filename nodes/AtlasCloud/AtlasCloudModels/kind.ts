import { FILE_OUTPUT } from '../items/destination';
import type { NodeKind } from '../operations/kind';
import { modelField, type ListedModel } from '../panel/modelField';
import { optionFields } from '../panel/optionFields';
import { MODEL_WORDS } from '../panel/options';
import { defaultTimeoutSeconds, EXAMPLE_MODEL, inputFields, type ResourceType } from './fields';
import { modelQuoteRequest, readModelJob, resolveModelJob, typedBody, type ModelJob } from './modelRequest';

/**
 * How Atlas Cloud Models does what both nodes do, with models of one type or of any.
 * @param type what the models of its list make; null where the model decides
 * @param preset the model that is selected at first
 */
export function modelKind(type: ResourceType | null, preset?: ListedModel): NodeKind<ModelJob> {
	return {
		style: FILE_OUTPUT,
		fields: [modelField('The model to run.', EXAMPLE_MODEL, preset), ...inputFields],
		options: optionFields(MODEL_WORDS, {
			timeoutSeconds: { buy: defaultTimeoutSeconds(type), wait: defaultTimeoutSeconds(null) },
			timeoutNote: type === null ? '. The default is 300 for image models and 1800 for others.' : '',
		}),
		timeoutSeconds: defaultTimeoutSeconds(null),
		read: async (run, itemIndex, options) =>
			await Promise.resolve(readModelJob(run, itemIndex, options, type)),
		resolve: resolveModelJob,
		bodyOf: typedBody,
		quoteRequestOf: modelQuoteRequest,
		baseNameOf: ({ request }) => stemOfModel(request.model),
		inputsJson: ({ images }) => ({ inputUrls: images }),
	};
}

/** A file name without extension, made of a model's ID: `seedance-v1.5-pro-image-to-video`. */
export function stemOfModel(model: string): string {
	const segments = model.split('/');
	const name = segments.length > 1 ? segments.slice(1) : segments;
	return name
		.join('-')
		.replace(/[^\w.-]+/g, '-')
		.slice(0, 100);
}
