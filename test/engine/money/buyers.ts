import type { IDataObject, INodeType } from 'n8n-workflow';
import { VIDEO } from '../../sandbox/mediaModels';
import { models, parametersOf } from '../models';
import { SEEDREAM_EDIT, V4 } from '../seedream';

/** What a story buys: of each item an image and a prompt, and what is made of them. */
export interface Order {
	/** Whether it returns the prediction ID at once, or waits for the result. */
	isSubmitOnly: boolean;
	/** Of the node, `timeoutSeconds` apart. */
	options: IDataObject;
	timeoutSeconds: number;
}

/**
 * A node that buys, as stories use it. Each item has a `prompt`, either a `field` with its file or a `url`, and `images`,
 * which says how many to make.
 */
export interface Buyer {
	/** How it buys several images: not at all, by a prediction each, or all in one prediction. */
	severalImages: 'none' | 'each' | 'together';
	node: INodeType;
	/** The type name under which an agent calls it. */
	toolType: string;
	parameters(order: Order): Record<string, unknown>;
	/** The input image in the body of a request. */
	imageIn(body: IDataObject): unknown;
}

function optionsOf({ isSubmitOnly, options, timeoutSeconds }: Order): IDataObject {
	return { ...options, ...(isSubmitOnly ? {} : { timeoutSeconds }) };
}

function seedreamEdit(model: string, size: string, severalImages: 'each' | 'together'): Buyer {
	return {
		severalImages,
		node: SEEDREAM_EDIT,
		toolType: 'n8n-nodes-seedream.seedreamEditTool',
		parameters: (order) => ({
			resource: order.isSubmitOnly ? 'prediction' : 'image',
			operation: order.isSubmitOnly ? 'submit' : 'edit',
			model,
			prompt: '={{ $json.prompt }}',
			size,
			images: '={{ [$json.field, $json.url] }}',
			numberOfImages: '={{ $json.images }}',
			options: optionsOf(order),
		}),
		imageIn: ({ images }) => (images as string[] | undefined)?.[0],
	};
}

/** Makes a video of the image: another endpoint, and a schema that decides how the request is sent. */
function atlasCloudModels(resource: string, operation: string): Buyer {
	return {
		...models,
		severalImages: 'none',
		toolType: 'n8n-nodes-seedream.atlasCloudModelsTool',
		parameters: (order) =>
			parametersOf({
				...(order.isSubmitOnly
					? { resource: 'prediction', operation: 'submit' }
					: { resource, operation, downloadFiles: true }),
				model: VIDEO.image,
				inputs: {
					image: '={{ $json.field || $json.url }}',
					prompt: '={{ $json.prompt }}',
					// The model has no such input: it is sent only while the schema cannot be read.
					mood: 'calm',
				},
				options: optionsOf(order),
			}),
		imageIn: ({ image }) => image,
	};
}

export const BUYERS = {
	edit: seedreamEdit(V4, '1024*1024', 'each'),
	/** Not known to the node: only its schema says that it counts. */
	sequential: seedreamEdit('bytedance/seedream-v4.5/edit-sequential', '2048*2048', 'together'),
	video: atlasCloudModels('video', 'generate'),
	run: atlasCloudModels('model', 'run'),
};
