import type { INodeProperties } from 'n8n-workflow';
import { DEFAULT_MODEL, KNOWN_MODELS, V4_EDIT } from '../../../api/models/models';
import { defaultModelValue } from '../../../shared/modelEntry';
import { maxImagesField } from '../../../shared/modelOptionFields';
import { editModel } from './editModel';
import { promptFields } from './prompt';
import { sizeFields } from './size';

const defaultModel = KNOWN_MODELS.find(({ id }) => id === DEFAULT_MODEL) ?? KNOWN_MODELS[0];

export const modelField: INodeProperties = {
	displayName: 'Model',
	name: 'model',
	type: 'resourceLocator',
	default: defaultModelValue(editModel(defaultModel)),
	required: true,
	description: 'The Seedream model to use. The list shows list prices; your account may pay more or less.',
	modes: [
		{
			displayName: 'From List',
			name: 'list',
			type: 'list',
			typeOptions: { searchListMethod: 'searchModels', searchable: true },
		},
		{
			displayName: 'By ID',
			name: 'id',
			type: 'string',
			placeholder: `e.g. ${V4_EDIT}`,
			validation: [
				{
					type: 'regex',
					properties: {
						regex: '[^\\s]+/[^\\s]+',
						errorMessage: `Enter a model ID such as ${V4_EDIT}`,
					},
				},
			],
		},
	],
};

export const imageSourceField: INodeProperties = {
	displayName: 'Image Source',
	name: 'imageSource',
	type: 'options',
	options: [
		{
			name: 'Binary File',
			value: 'binary',
			description: 'Image files from the previous node',
		},
		{ name: 'Image URL', value: 'url', description: 'Public image URLs or data URIs' },
		{ name: 'Files and URLs', value: 'both', description: 'Files first, then URLs' },
	],
	default: 'binary',
	description: 'Where to get the images from',
};

export const inputDataFieldNameField: INodeProperties = {
	displayName: 'Input Data Field Name',
	name: 'inputDataFieldName',
	type: 'string',
	default: 'data',
	required: true,
	placeholder: 'e.g. data',
	hint: 'Separate several names with commas. Use * for all images.',
	description:
		'The name of the input field that contains the image. If an item has only one image, "data" finds it, whatever the field is called. All images of an item are used in the same edit.',
};

export const imageUrlsField: INodeProperties = {
	displayName: 'Image URLs',
	name: 'imageUrls',
	type: 'string',
	typeOptions: { rows: 2 },
	default: '',
	required: true,
	placeholder: 'e.g. https://example.com/photo.jpg',
	hint: 'One URL per line',
	description:
		'Public image URLs or data URIs. An expression can return an array. All images of an item are used in the same edit.',
};

/** The fields of every operation that submits an edit. */
export const editFields: INodeProperties[] = [
	modelField,
	...promptFields,
	imageSourceField,
	{ ...inputDataFieldNameField, displayOptions: { show: { imageSource: ['binary', 'both'] } } },
	{ ...imageUrlsField, displayOptions: { show: { imageSource: ['url', 'both'] } } },
	...sizeFields,
	maxImagesField,
];

export const predictionIdField: INodeProperties = {
	displayName: 'Prediction ID',
	name: 'predictionId',
	type: 'string',
	default: '={{ $json.predictionId }}',
	required: true,
	placeholder: 'e.g. 8f4c2a…',
	description: 'The prediction ID returned by Submit',
};

export const downloadFields: INodeProperties[] = [
	{
		displayName: 'Download Images',
		name: 'downloadImages',
		type: 'boolean',
		default: true,
		description:
			'Whether to download the images as files. If off, only their URLs are returned (such output can be pinned).',
	},
	{
		displayName:
			'Image URLs expire after 14 days, or earlier if you set File Expiration. Tip: Pin this output to keep building without being billed for another edit.',
		name: 'linksNotice',
		type: 'notice',
		default: '',
		// Not `startsWith`: n8n 1.x fails on it when the value is not text, and refuses the whole workflow.
		displayOptions: { hide: { downloadImages: [true, { _cnd: { regex: '^=' } }] } },
	},
	{
		displayName: 'Output Data Field Name',
		name: 'outputDataFieldName',
		type: 'string',
		default: 'data',
		required: true,
		placeholder: 'e.g. data',
		description: 'The name of the output field to put the image file in',
		displayOptions: { show: { downloadImages: [true] } },
	},
];
