/* The nodes of a workflow that edits a sheet of images. */
import type { IDataObject } from 'n8n-workflow';
import type { NodeExport } from '../../scripts/n8n/instance';
import { CREDENTIALS, model, readFileNode, seedream, SMALL_MODEL, webhookNode } from '../e2e/cases';

export const promptOf = (fileName: string) => `mirror it: ${fileName}`;

/** The node's options, for a sheet. */
export const SHEET_OPTIONS = { concurrency: 40, includeInputFields: true };

/** The last node adds the hash of what n8n has stored: the bytes of each row, wherever n8n keeps them. */
export const HASH = 'Hash';

export const hashNode: NodeExport = {
	name: HASH,
	type: 'n8n-nodes-base.crypto',
	typeVersion: 1,
	parameters: {
		action: 'hash',
		type: 'SHA256',
		binaryData: true,
		binaryPropertyName: 'data',
		dataPropertyName: 'sha256',
	},
};

let published = 0;

/** A path that no other workflow has. */
export const newPath = () => `sheet-${++published}`;

/** A webhook, and the images of a folder. */
export const webhookAndFiles = (path: string, folder: string): NodeExport[] => [
	webhookNode(path),
	readFileNode('Read', `${folder}/*.png`),
];

/** A node that edits each item's image with {@link SMALL_MODEL}. */
type EditNode = (options: IDataObject) => NodeExport;

export const seedreamNode: EditNode = (options) =>
	seedream('Edit', {
		model: model(SMALL_MODEL),
		prompt: `=${promptOf('{{ $json.fileName }}')}`,
		options: { ...SHEET_OPTIONS, maxEdits: 2000, ...options },
	});

/** The same edit by Atlas Cloud Models. */
export const modelsNode: EditNode = (options) => ({
	name: 'Edit',
	type: 'n8n-nodes-seedream.atlasCloudModels',
	typeVersion: 1,
	credentials: CREDENTIALS,
	parameters: {
		resource: 'model',
		operation: 'run',
		model: model(SMALL_MODEL),
		inputMode: 'json',
		modelInputsJson: `={"prompt":"${promptOf('{{ $json.fileName }}')}","images":["data"],"size":"1024*1024"}`,
		options: { ...SHEET_OPTIONS, ...options },
	},
});
