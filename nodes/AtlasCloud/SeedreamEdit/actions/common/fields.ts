import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { DEFAULT_MODEL, KNOWN_MODELS, V4_EDIT } from '../../../api/models/models';
import {
	sizeText,
	V4_LEAST_SIDE,
	V4_MOST_SIDE,
	V5_LITE_SIZES,
	type NamedSize,
} from '../../../api/models/sizes';
import { NO_TEMPLATE, promptTemplateFields } from './promptTemplates';

/** Fields that several operations share. Each operation shows them by `updateDisplayOptions`. */

export const modelField: INodeProperties = {
	displayName: 'Model',
	name: 'model',
	type: 'resourceLocator',
	default: { mode: 'list', value: DEFAULT_MODEL, cachedResultName: 'Seedream v5.0 Lite Edit' },
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

const promptBase: INodeProperties = {
	displayName: 'Prompt',
	name: 'prompt',
	type: 'string',
	typeOptions: { rows: 4 },
	default: '',
};

/** Has to be filled in by itself; with a template it may add to it. */
export const promptFields: INodeProperties[] = [
	{
		...promptBase,
		required: true,
		placeholder: 'e.g. Replace the background with a sunny beach, keep the product as it is',
		description: 'What to change. Up to about 600 English words do best.',
		displayOptions: { show: { promptTemplate: [NO_TEMPLATE] } },
	},
	{
		...promptBase,
		placeholder: 'e.g. Keep the logo in the corner',
		description: 'Added to the sentence of the template. May stay empty.',
		displayOptions: { hide: { promptTemplate: [NO_TEMPLATE] } },
	},
];

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

/** A size for people: `Widescreen 16:9 · 2K · 2848 × 1600`. */
function sizeOption(size: NamedSize): INodePropertyOptions {
	return { name: `${size.shape} · ${size.tier} · ${size.width} × ${size.height}`, value: sizeText(size) };
}

const MATCH_INPUT: INodePropertyOptions = {
	name: 'Match Input Image',
	value: 'matchInput',
	description: 'Keeps the shape of the first picture',
};
const CUSTOM: INodePropertyOptions = {
	name: 'Custom',
	value: 'custom',
	description: 'Width and height in pixels',
};

const V4_SIZES: NamedSize[] = [
	{ shape: 'Square 1:1', tier: '1K', width: V4_LEAST_SIDE, height: V4_LEAST_SIDE },
	...V5_LITE_SIZES.filter(
		({ width, height }) =>
			Math.min(width, height) >= V4_LEAST_SIDE && Math.max(width, height) <= V4_MOST_SIDE,
	),
	{ shape: 'Square 1:1', tier: '4K', width: V4_MOST_SIDE, height: V4_MOST_SIDE },
];

/**
 * One list per known model, so that only what it offers can be chosen, and one for all others. They go by `hide`
 * alone: n8n shows a field at once, whatever else is said, where a parameter named in `show` is an expression.
 */
function sizeList(
	options: INodePropertyOptions[],
	hide: NonNullable<INodeProperties['displayOptions']>['hide'],
): INodeProperties {
	return {
		displayName: 'Size',
		name: 'size',
		type: 'options',
		options,
		default: 'matchInput',
		description: 'Size of the edited picture',
		displayOptions: { hide },
	};
}

const v5LiteSizes = [MATCH_INPUT, ...V5_LITE_SIZES.map(sizeOption)];
const v4Sizes = [MATCH_INPUT, CUSTOM, ...V4_SIZES.map(sizeOption)];
const anySizes = [MATCH_INPUT, CUSTOM, ...V5_LITE_SIZES.map(sizeOption)];

const sizeLists: INodeProperties[] = [
	...KNOWN_MODELS.map(({ id, sizes }) =>
		sizeList(sizes.kind === 'list' ? v5LiteSizes : v4Sizes, { model: [{ _cnd: { not: id } }] }),
	),
	sizeList(anySizes, { model: KNOWN_MODELS.map(({ id }) => id) }),
];

export const sizeFields: INodeProperties[] = [
	...sizeLists,
	{
		displayName:
			'The edited picture gets this shape, whatever the input’s: parts may be added or cut off. Match Input Image keeps the shape.',
		name: 'sizeNotice',
		type: 'notice',
		default: '',
		displayOptions: {
			hide: { size: [MATCH_INPUT.value, { _cnd: { regex: '^=' } }] },
		},
	},
	{
		displayName: 'Width',
		name: 'width',
		type: 'number',
		typeOptions: { minValue: 1, maxValue: 16384 },
		default: 2048,
		required: true,
		description: 'Width of the edited picture, in pixels',
		displayOptions: { show: { size: ['custom'] } },
	},
	{
		displayName: 'Height',
		name: 'height',
		type: 'number',
		typeOptions: { minValue: 1, maxValue: 16384 },
		default: 2048,
		required: true,
		description: 'Height of the edited picture, in pixels',
		displayOptions: { show: { size: ['custom'] } },
	},
];

/** Pictures and what to do with them: the fields of every operation that submits. */
export const editFields: INodeProperties[] = [
	modelField,
	...promptTemplateFields,
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
		// Not startsWith: with a value that is no text, n8n 1.x fails at it and refuses the whole workflow.
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
