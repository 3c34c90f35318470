import type { INodeProperties } from 'n8n-workflow';
import { DEFAULT_MODEL, knownModel, V4_EDIT } from '../../../api/models/models';
import { promptFields } from './prompt';
import { sizeFields } from './size';

export const modelField: INodeProperties = {
	displayName: 'Model',
	name: 'model',
	type: 'resourceLocator',
	default: { mode: 'list', value: DEFAULT_MODEL, cachedResultName: knownModel(DEFAULT_MODEL)?.name },
	required: true,
	description: 'The Seedream model that makes the edit; the list tells its price per run',
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
						errorMessage: 'A model’s ID looks like bytedance/seedream-v4/edit',
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
			description: 'Pictures that a node before this one hands on as files',
		},
		{ name: 'Image URL', value: 'url', description: 'Pictures at public addresses, or data URIs' },
		{ name: 'Both', value: 'both', description: 'Binary files first, then URLs' },
	],
	default: 'binary',
	description: 'Where the pictures to edit come from',
};

export const inputDataFieldNameField: INodeProperties = {
	displayName: 'Input Data Field Name',
	name: 'inputDataFieldName',
	type: 'string',
	default: 'data',
	required: true,
	placeholder: 'e.g. data',
	hint: 'Several with commas between, or * for all pictures of the item',
	description:
		'The name of the input field that holds the picture. "data" also means the only picture of the item, whatever its field is called. Several pictures of one item go into one edit together.',
};

export const imageUrlsField: INodeProperties = {
	displayName: 'Image URLs',
	name: 'imageUrls',
	type: 'string',
	typeOptions: { rows: 2 },
	default: '',
	required: true,
	placeholder: 'e.g. https://example.com/photo.jpg',
	hint: 'One a line',
	description:
		'Public addresses of the pictures, or data URIs. An expression may give an array. Several pictures of one item go into one edit together.',
};

/** The fields of every operation that submits an edit. */
export const editFields: INodeProperties[] = [
	modelField,
	...promptFields,
	imageSourceField,
	{ ...inputDataFieldNameField, displayOptions: { show: { imageSource: ['binary', 'both'] } } },
	{ ...imageUrlsField, displayOptions: { show: { imageSource: ['url', 'both'] } } },
	...sizeFields,
];

export const predictionIdField: INodeProperties = {
	displayName: 'Prediction ID',
	name: 'predictionId',
	type: 'string',
	default: '={{ $json.predictionId }}',
	required: true,
	placeholder: 'e.g. 8f4c2a…',
	description: 'As the operation Submit gives it',
};

export const downloadFields: INodeProperties[] = [
	{
		displayName: 'Download Images',
		name: 'downloadImages',
		type: 'boolean',
		default: true,
		description:
			'Whether to hand on the pictures as files. Without it the items hold their URLs only, and n8n can pin them.',
	},
	{
		displayName:
			'The links stop working after a while: 14 days, unless the edit set File Expiration. This output can be pinned, to build on it without paying again.',
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
		description: 'The name of the output field that gets the picture',
		displayOptions: { show: { downloadImages: [true] } },
	},
];
