import type { INodeTypeDescription } from 'n8n-workflow';
import { IMAGE_OUTPUT, safeStem, stemOfUrl } from '../items/destination';
import { buyOperation } from '../operations/buy';
import type { NodeKind } from '../operations/kind';
import { predictionResource } from '../operations/predictionResource';
import { optionFields } from '../panel/optionFields';
import { DEFAULT_TIMEOUT_SECONDS, EDIT_WORDS } from '../panel/options';
import type { NodeDefinition } from '../run/operation';
import { readEdit, resolveEdit } from './editRequest';
import { background, editFields, outputFormat } from './fields';
import { editQuoteRequest, type EditJob } from './modelFields';
import { uploadOperation } from './upload';

/** How Seedream Edit does what both nodes do. */
const editKind: NodeKind<EditJob> = {
	style: IMAGE_OUTPUT,
	fields: editFields,
	options: optionFields(EDIT_WORDS, {
		timeoutSeconds: { buy: DEFAULT_TIMEOUT_SECONDS, wait: DEFAULT_TIMEOUT_SECONDS },
		keepsInputImage: true,
		requestOptions: [outputFormat, background],
	}),
	timeoutSeconds: DEFAULT_TIMEOUT_SECONDS,
	read: readEdit,
	resolve: resolveEdit,
	quoteRequestOf: async (_run, job) => await Promise.resolve(editQuoteRequest(job)),
	baseNameOf({ images: [{ file, url }] }) {
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

const upload = uploadOperation(editKind.options.upload);

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
