import type { NodeDefinition } from '../shared/operation';
import { edit } from './actions/image/edit.operation';
import { upload } from './actions/image/upload.operation';
import { get } from './actions/prediction/get.operation';
import { getAll } from './actions/prediction/getAll.operation';
import { quote } from './actions/prediction/quote.operation';
import { submit } from './actions/prediction/submit.operation';
import { waitForCompletion } from './actions/prediction/waitForCompletion.operation';

/** Every operation of the node. A new one is a file of its own and an entry here. */
export const seedreamEdit: NodeDefinition = {
	displayName: 'Seedream Edit',
	resources: [
		{ name: 'Image', value: 'image', defaultOperation: 'edit', operations: [edit, upload] },
		{
			name: 'Prediction',
			value: 'prediction',
			defaultOperation: 'submit',
			operations: [get, getAll, quote, submit, waitForCompletion],
		},
	],
};
