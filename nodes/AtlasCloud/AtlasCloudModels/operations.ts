import type { NodeDefinition } from '../run/operation';
import { generateAudio } from './audio';
import { generateImage } from './image';
import { run } from './run';
import { get } from './prediction/get';
import { getAll } from './prediction/getAll';
import { quote } from './prediction/quote';
import { submit } from './prediction/submit';
import { waitForCompletion } from './prediction/waitForCompletion';
import { generateVideo } from './video';

/** Every operation of the node. A new one is a file of its own and an entry here. */
export const atlasCloudModels: NodeDefinition = {
	displayName: 'Atlas Cloud Models',
	resources: [
		{ name: 'Image', value: 'image', defaultOperation: 'generate', operations: [generateImage] },
		{ name: 'Video', value: 'video', defaultOperation: 'generate', operations: [generateVideo] },
		{ name: 'Audio', value: 'audio', defaultOperation: 'generate', operations: [generateAudio] },
		{ name: 'Any Model', value: 'model', defaultOperation: 'run', operations: [run] },
		{
			name: 'Prediction',
			value: 'prediction',
			defaultOperation: 'submit',
			operations: [get, getAll, quote, submit, waitForCompletion],
		},
	],
};
