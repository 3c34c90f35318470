import type { INodeProperties } from 'n8n-workflow';
import type { MediaModelType } from '../api/models/model';
import { DEFAULT_TIMEOUT_SECONDS, SLOW_TIMEOUT_SECONDS } from '../panel/options';

/** An ID as it appears in messages and placeholders. */
export const EXAMPLE_MODEL = 'bytedance/seedance-v1.5-pro/image-to-video';

/** What goes into the model, either as its own fields or as JSON. */
export const inputFields: INodeProperties[] = [
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
				noFieldsError:
					'The fields of this model couldn’t be loaded. Set Input Mode to JSON to enter its inputs.',
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

/** How long to wait for a model of this type, in seconds; null where it is not known. */
export function defaultTimeoutSeconds(type: MediaModelType | null): number {
	return type === 'Image' ? DEFAULT_TIMEOUT_SECONDS : SLOW_TIMEOUT_SECONDS;
}
