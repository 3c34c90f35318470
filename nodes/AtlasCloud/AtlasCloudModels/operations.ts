import type { NodeDefinition } from '../shared/operation';
import { generateAudio } from './actions/audio/generate.operation';
import { generateImage } from './actions/image/generate.operation';
import { run } from './actions/model/run.operation';
import { get } from './actions/prediction/get.operation';
import { getAll } from './actions/prediction/getAll.operation';
import { quote } from './actions/prediction/quote.operation';
import { submit } from './actions/prediction/submit.operation';
import { waitForCompletion } from './actions/prediction/waitForCompletion.operation';
import { generateVideo } from './actions/video/generate.operation';

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
