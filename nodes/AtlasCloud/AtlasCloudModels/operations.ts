import type { INodeProperties } from 'n8n-workflow';
import type { MediaModelType } from '../api/models/model';
import { buyOperation } from '../operations/buy';
import type { NodeKind } from '../operations/kind';
import { predictionResource } from '../operations/prediction';
import { modelField, type ListedModel } from '../panel/modelField';
import { optionFields } from '../panel/optionFields';
import { MODEL_STYLE } from '../panel/style';
import type { NodeDefinition } from '../run/operation';
import { defaultTimeoutSeconds, EXAMPLE_MODEL, modelQuoteRequest, readModelJob } from './modelRequest';
import { NOTICES } from './resourceMapping';

/** What goes into the model, either as its own fields or as JSON. */
const inputFields: INodeProperties[] = [
	{
		displayName: 'Input Mode',
		name: 'inputMode',
		type: 'options',
		options: [
			{ name: 'Fields', value: 'fields', description: 'Fill in the fields of the selected model' },
			{
				name: 'JSON',
				value: 'json',
				description: 'Enter all inputs as one JSON object, as AI agents do',
			},
		],
		default: 'fields',
		builderHint: { propertyHint: 'Use json: the names of the fields differ from model to model.' },
		description: 'How to enter the inputs of the model',
	},
	{
		displayName:
			'For an image, video, or audio field, enter a URL or the name of the input field that contains the file, such as data.',
		name: 'mediaNotice',
		type: 'notice',
		default: '',
		displayOptions: { show: { inputMode: ['fields'] } },
	},
	{
		displayName: 'Model Inputs',
		name: 'modelInputs',
		type: 'resourceMapper',
		noDataExpression: true,
		default: { mappingMode: 'defineBelow', value: null },
		required: true,
		description: 'The fields of the selected model. Fields for several files accept a comma-separated list.',
		typeOptions: {
			loadOptionsDependsOn: ['model.value'],
			resourceMapper: {
				resourceMapperMethod: 'getModelFields',
				mode: 'add',
				fieldWords: { singular: 'field', plural: 'fields' },
				addAllFields: true,
				multiKeyMatch: false,
				supportAutoMap: false,
				noFieldsError: NOTICES.unreadable,
			},
		},
		displayOptions: { show: { inputMode: ['fields'] } },
	},
	{
		displayName: 'Model Inputs (JSON)',
		name: 'modelInputsJson',
		type: 'json',
		typeOptions: { rows: 6 },
		default: '{\n  "prompt": ""\n}',
		required: true,
		builderHint: {
			propertyHint:
				'A JSON object such as {"prompt": "A red fox", "image": "data"}: media fields take a URL or the name of an input field with a file. Use JSON.stringify() for texts by expression.',
		},
		hint: 'To find the field names, open the model on <a href="https://www.atlascloud.ai/models" target="_blank">atlascloud.ai</a> and select API',
		description:
			'The inputs of the model as one JSON object, with the field names of its API schema. Most models have "prompt"; image, video, and audio fields accept a URL, a data URI, or the name of a file from the previous node.',
		displayOptions: { show: { inputMode: ['json'] } },
	},
];

/**
 * How Atlas Cloud Models does what both nodes do, with models of one type or of any.
 * @param type what the models of its list make; null where the model decides
 * @param preset the model that is selected at first
 */
function modelKind(type: MediaModelType | null, preset?: ListedModel): NodeKind {
	return {
		style: MODEL_STYLE,
		fields: [modelField('The model to run.', EXAMPLE_MODEL, preset), ...inputFields],
		options: optionFields(MODEL_STYLE, {
			timeoutSeconds: defaultTimeoutSeconds(type),
			timeoutNote: type === null ? '. The default is 300 for image models and 1800 for others.' : '',
		}),
		read: (run, itemIndex, options) => readModelJob(run, itemIndex, options, type),
		quoteRequestOf: modelQuoteRequest,
		baseNameOf: ({ model }) => stemOfModel(model),
		inputsJson: ({ images }) => ({ inputUrls: images }),
	};
}

/** A file name without extension, made of a model's ID: `seedance-v1.5-pro-image-to-video`. */
function stemOfModel(model: string): string {
	const segments = model.split('/');
	const name = segments.length > 1 ? segments.slice(1) : segments;
	return name
		.join('-')
		.replace(/[^\w.-]+/g, '-')
		.slice(0, 100);
}

const generate = (action: string, description: string) => ({
	name: 'Generate',
	value: 'generate',
	action,
	description,
});

const generateImage = buyOperation(
	modelKind('Image', {
		id: 'bytedance/seedream-v5.0-lite',
		name: 'Seedream v5.0 Lite',
		price: { usd: 0.032, unit: 'image' },
	}),
	generate('Generate image', 'Create or edit images with any image model and wait for the result'),
);
const generateVideo = buyOperation(
	modelKind('Video', {
		id: EXAMPLE_MODEL,
		name: 'Seedance v1.5 Pro Image to Video',
		price: { usd: 0.222, unit: 'generation' },
	}),
	generate('Generate video', 'Create a video from text, images, or other files and wait for the result'),
);
const generateAudio = buyOperation(
	modelKind('Audio'),
	generate('Generate audio', 'Create speech, music, or other audio and wait for the result'),
);
/** The catalog must say what the model makes: that decides where the request goes. */
const runModel = buyOperation(modelKind(null), {
	name: 'Run',
	value: 'run',
	action: 'Run any model',
	description: 'Run any image, video, or audio model and wait for the result',
});

/** Every operation of the node. */
export const atlasCloudModels: NodeDefinition = {
	displayName: 'Atlas Cloud Models',
	resources: [
		{ name: 'Image', value: 'image', defaultOperation: 'generate', operations: [generateImage] },
		{ name: 'Video', value: 'video', defaultOperation: 'generate', operations: [generateVideo] },
		{ name: 'Audio', value: 'audio', defaultOperation: 'generate', operations: [generateAudio] },
		{ name: 'Any Model', value: 'model', defaultOperation: 'run', operations: [runModel] },
		predictionResource(modelKind(null)),
	],
};
