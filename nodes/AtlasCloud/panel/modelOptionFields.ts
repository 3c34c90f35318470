import type { INodeProperties } from 'n8n-workflow';
import { MAX_SEQUENTIAL_IMAGES } from '../api/models/modelRules';
import { KNOWN_MODELS } from '../api/models/seedream';

/** Options that only some models accept. */

const modelsWithoutFormats = KNOWN_MODELS.filter(({ outputFormats }) => outputFormats?.length === 0);

export const outputFormat: INodeProperties = {
	displayName: 'Output Format',
	name: 'outputFormat',
	type: 'options',
	options: [
		{ name: 'JPEG', value: 'jpeg' },
		{ name: 'PNG', value: 'png' },
	],
	default: 'png',
	description: 'File format of the edited image',
	displayOptions: { hide: { '/model': modelsWithoutFormats.map(({ id }) => id) } },
};

export const background: INodeProperties = {
	displayName: 'Background',
	name: 'background',
	type: 'options',
	options: [
		{ name: 'Auto', value: 'auto', description: 'The model decides' },
		{ name: 'Opaque', value: 'opaque' },
		{ name: 'Transparent', value: 'transparent', description: 'The image is a PNG without a background' },
	],
	default: 'transparent',
	description: 'Background of the edited image. Seedream v5.0 Pro and v5.5 have it; older models don’t.',
	displayOptions: { hide: { '/model': KNOWN_MODELS.map(({ id }) => id) } },
};

const IS_SET: Array<{ _cnd: { exists: true } }> = [{ _cnd: { exists: true } }];

/** Under Options, where saved workflows have it; not offered there otherwise. @see maxImagesField */
export const maxImages: INodeProperties = {
	displayName: 'Max Images',
	name: 'maxImages',
	type: 'number',
	typeOptions: { minValue: 1, maxValue: MAX_SEQUENTIAL_IMAGES, numberPrecision: 0 },
	default: 1,
	description: 'Max number of images to generate. Each one is billed.',
	// By its own value, not by its path from the root: n8n looks at no collection when it prepares a run.
	displayOptions: { show: { maxImages: IS_SET } },
};

/** In the panel itself, for sequential models and those that an expression names. */
export const maxImagesField: INodeProperties = {
	...maxImages,
	displayOptions: {
		show: { model: [{ _cnd: { regex: '-sequential$' } }] },
		hide: { '/options.maxImages': IS_SET },
	},
};
