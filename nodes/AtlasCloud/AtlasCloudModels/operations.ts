import { buyOperation } from '../operations/buy';
import { predictionResource } from '../operations/predictionResource';
import type { NodeDefinition } from '../run/operation';
import { modelKind } from './kind';

const generate = (action: string, description: string) => ({
	name: 'Generate',
	value: 'generate',
	action,
	description,
});

const generateImage = buyOperation(
	modelKind('Image', {
		id: 'bytedance/seedream-v5.0-lite',
		name: 'Seedream v5.0 Lite',
		price: { usd: 0.032, unit: 'image' },
	}),
	generate('Generate image', 'Create or edit images with any image model and wait for the result'),
);
const generateVideo = buyOperation(
	modelKind('Video', {
		id: 'bytedance/seedance-v1.5-pro/image-to-video',
		name: 'Seedance v1.5 Pro Image to Video',
		price: { usd: 0.222, unit: 'generation' },
	}),
	generate('Generate video', 'Create a video from text, images, or other files and wait for the result'),
);
const generateAudio = buyOperation(
	modelKind('Audio'),
	generate('Generate audio', 'Create speech, music, or other audio and wait for the result'),
);
/** The catalog must say what the model makes: that decides where the request goes. */
const runModel = buyOperation(modelKind(null), {
	name: 'Run',
	value: 'run',
	action: 'Run any model',
	description: 'Run any image, video, or audio model and wait for the result',
});

/** Every operation of the node. */
export const atlasCloudModels: NodeDefinition = {
	displayName: 'Atlas Cloud Models',
	resources: [
		{ name: 'Image', value: 'image', defaultOperation: 'generate', operations: [generateImage] },
		{ name: 'Video', value: 'video', defaultOperation: 'generate', operations: [generateVideo] },
		{ name: 'Audio', value: 'audio', defaultOperation: 'generate', operations: [generateAudio] },
		{ name: 'Any Model', value: 'model', defaultOperation: 'run', operations: [runModel] },
		predictionResource(modelKind(null)),
	],
};
