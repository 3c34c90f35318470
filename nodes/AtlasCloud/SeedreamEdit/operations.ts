import type { ILoadOptionsFunctions, INodeListSearchResult, INodeTypeDescription } from 'n8n-workflow';
import { inputError } from '../api/errors';
import type { InputFile } from '../api/files/uploads';
import { asArray } from '../api/json';
import { readCatalog } from '../api/models/model';
import { isSeedreamEdit, KNOWN_MODELS, V4_EDIT } from '../api/models/seedream';
import { countNoun } from '../api/text';
import { safeStem, stemOfUrl } from '../items/destination';
import { connect } from '../n8n/connect';
import { buyOperation } from '../operations/buy';
import type { NodeKind } from '../operations/kind';
import { predictionResource } from '../operations/prediction';
import { modelField, searchIn, type ListedModel } from '../panel/modelField';
import { optionFields } from '../panel/optionFields';
import { EDIT_STYLE } from '../panel/style';
import type { NodeDefinition, Operation } from '../run/operation';
import { editQuoteRequest, readEdit } from './editRequest';
import { background, outputFormat } from './format';
import { imageCountField, imagesField, readImages, SEVERAL } from './images';
import { promptFields } from './prompt';
import { sizeFields } from './size';

/** How Seedream Edit does what both nodes do. */
const editKind: NodeKind = {
	style: EDIT_STYLE,
	fields: [
		modelField('The Seedream model to use.', V4_EDIT, editModel(KNOWN_MODELS[0])),
		...promptFields,
		imagesField,
		imageCountField,
		...sizeFields,
	],
	options: optionFields(EDIT_STYLE, { requestOptions: [outputFormat, background] }),
	read: readEdit,
	quoteRequestOf: (_run, request) => editQuoteRequest(request),
	baseNameOf({ inputs: [{ file, url }] }) {
		const stem = file ? safeStem(file.fileName ?? file.fieldName ?? '') : stemOfUrl(url);
		return `${stem}-edited`;
	},
	inputsJson: ({ images, size }) => ({ images, size }),
};

const edit = buyOperation(editKind, {
	name: 'Edit',
	value: 'edit',
	action: 'Edit image',
	description: 'Edit one or more images with a prompt',
});

/** Uploads images and returns their links in place of the files. */
const upload: Operation<InputFile[]> = {
	option: {
		name: 'Upload',
		value: 'upload',
		action: 'Upload image and get its URL',
		description: 'Upload images to Atlas Cloud and get their URLs',
	},
	fields: [
		{
			...imagesField,
			builderHint: {
				propertyHint:
					'The name of the input field with the image ("data" after most nodes). Separate several with commas; * means all images of the item.',
			},
			hint: 'The name of a file field, or * for all images of the item',
			description: `Names of the input fields that contain images, or data URIs. ${SEVERAL}`,
		},
		editKind.options.upload,
	],
	count(done) {
		const urls = done.flatMap(({ json }) => asArray(json.urls));
		return countNoun(urls.length, 'image', ' uploaded');
	},

	async read(run, itemIndex) {
		const images = await readImages(run, itemIndex, { takesUrls: false });
		return images.map(({ file }) => {
			if (file) return file;
			throw inputError(
				"Upload takes files, but 'Images' contains a URL",
				"Edit can read the URL itself: enter it in 'Images' there. To upload the image anyway, download it with an HTTP Request node first.",
			);
		});
	},

	async work(run, files, itemIndex) {
		const urls = await Promise.all(files.map(async (file) => await run.uploads.url(file, itemIndex)));
		const described = files.map(({ fieldName, fileName, kind, content }, i) => ({
			url: urls[i],
			fieldName,
			fileName,
			mimeType: kind.mimeType,
			fileSizeBytes: content.sizeBytes,
		}));
		const json = { url: urls[0], urls, files: described };
		return { items: [{ json, pairedItem: { item: itemIndex } }] };
	},
};

/** Every operation of the node. */
export const seedreamEdit: NodeDefinition = {
	displayName: 'Seedream Edit',
	resources: [
		{ name: 'Image', value: 'image', defaultOperation: 'edit', operations: [edit, upload] },
		predictionResource(editKind),
	],
};

/** Shown beside the output before a run. `displayCondition` sees the parameters and the input items. */
export const hints: INodeTypeDescription['hints'] = [
	{
		message:
			'All images of an item are combined in one edit. To edit each image separately, split them into items first (Split Out node, field $binary).',
		type: 'info',
		location: 'outputPane',
		whenToDisplay: 'beforeExecution',
		displayCondition: `={{ ["edit", "submit", "quote"].includes($parameter["operation"]) && /^\\*$|,/.test($parameter["images"]) && $input.all().some((item) => Object.keys(item.binary ?? {}).length > 1) }}`,
	},
];

/** A model as this node lists it: short, and with the catalog's price per generation, which each image costs. */
function editModel({ id, name, price }: ListedModel): ListedModel {
	return {
		id,
		name: name.replace(/ Edit\b/i, '').replace(/^Seedream (?=.*Sequential)/i, ''),
		price: price?.unit === 'generation' ? { ...price, unit: 'image' } : price,
	};
}

/** Lists the catalog's Seedream edit models with their prices, or the known ones if it can’t be read. */
export async function searchModels(this: ILoadOptionsFunctions, filter = ''): Promise<INodeListSearchResult> {
	const catalog = connect(this).then(async ({ client }) => await readCatalog(client, 1));
	const edits = (await catalog.catch(() => [])).filter(({ id, isListed }) => isListed && isSeedreamEdit(id));
	return searchIn((edits.length > 0 ? edits : KNOWN_MODELS).map(editModel), filter);
}
