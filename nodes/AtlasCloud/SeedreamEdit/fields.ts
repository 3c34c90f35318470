import type { INodeProperties, ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';
import {
	MAX_SEQUENTIAL_IMAGES,
	DEFAULT_MODEL,
	KNOWN_MODELS,
	V4_EDIT,
	isSeedreamEdit,
} from '../api/models/seedream';
import { type ListedModel, modelField, searchIn } from '../panel/modelField';
import { imagesField } from './images';
import { promptFields } from './prompt';
import { sizeFields } from './size';
import { readCatalog } from '../api/models/model';
import { connect } from '../n8n/connect';

const defaultModel = KNOWN_MODELS.find(({ id }) => id === DEFAULT_MODEL) ?? KNOWN_MODELS[0];

export const imageCountField: INodeProperties = {
	displayName: 'Number of Images',
	name: 'numberOfImages',
	type: 'number',
	typeOptions: { minValue: 1, maxValue: MAX_SEQUENTIAL_IMAGES, numberPrecision: 0 },
	default: 1,
	builderHint: {
		propertyHint: 'Variants of each edit. Keep 1 unless the user asks for several: each is billed.',
	},
	description:
		'How many edited images to make for each item: up to 4, or up to 15 with a Sequential model. Each is billed.',
};

/** The fields of every operation that submits an edit. */
export const editFields: INodeProperties[] = [
	modelField('The Seedream model to use.', V4_EDIT, editModel(defaultModel)),
	...promptFields,
	imagesField,
	imageCountField,
	...sizeFields,
];

/** Not hidden by the model: n8n would silently drop what was chosen for another model. */
export const outputFormat: INodeProperties = {
	displayName: 'Output Format',
	name: 'outputFormat',
	type: 'options',
	options: [
		{ name: 'JPEG', value: 'jpeg' },
		{ name: 'PNG', value: 'png' },
	],
	default: 'png',
	description: 'File format of the edited image. Seedream v4 has no choice.',
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
};

/**
 * A model as this node lists it. "Edit" would stand in every name, the panel has room for forty characters, and the
 * catalog's price per generation is charged for each image.
 */
function editModel({ id, name, price }: ListedModel): ListedModel {
	return {
		id,
		name: name.replace(/ Edit\b/i, '').replace(/^Seedream (?=.*Sequential)/i, ''),
		price: price?.unit === 'generation' ? { ...price, unit: 'image' } : price,
	};
}

async function readSeedreamEdits(context: ILoadOptionsFunctions): Promise<ListedModel[]> {
	const { client } = await connect(context);
	const catalog = await readCatalog(client, 1);
	const models = catalog.filter(({ id, isListed }) => isListed && isSeedreamEdit(id));
	return models.length > 0 ? models : KNOWN_MODELS;
}

/** Lists the catalog's Seedream edit models with their prices, or the known ones if it can’t be read. */
export async function searchModels(this: ILoadOptionsFunctions, filter = ''): Promise<INodeListSearchResult> {
	const models = await readSeedreamEdits(this).catch(() => KNOWN_MODELS);
	return searchIn(models.map(editModel), filter);
}
