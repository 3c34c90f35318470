import type { INodeProperties } from 'n8n-workflow';
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
