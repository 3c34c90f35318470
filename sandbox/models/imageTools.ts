import type { MediaModel } from './model';
import { choice, flag, mediaField, SEED } from './properties';

/** Models of type Image that take no prompt, both made up. On Atlas Cloud 3D models are of type Image, too. */
export const IMAGE_TOOL_MODELS: readonly MediaModel[] = [
	{
		kind: 'media',
		id: 'smallprint/lens-2/upscale',
		type: 'Image',
		displayName: 'Lens 2 Upscale',
		profile: 'Enlarges an image, a made-up model of the sandbox.',
		price: { usd: 0.015, unit: 'image' },
		categories: ['IMAGE-TO-IMAGE'],
		tags: ['IMAGE-TO-IMAGE', 'UPSCALE'],
		displayConsole: true,
		input: {
			properties: {
				image: mediaField('image', 'Image', 'The image to enlarge.'),
				scale: choice('Scale', [2, 4], 2),
				output_format: choice('Output Format', ['jpeg', 'png'], 'png'),
			},
			required: ['image', 'scale'],
		},
		makes: 'upscale',
	},
	{
		kind: 'media',
		id: 'upland/mesh-2/image-to-3d',
		type: 'Image',
		displayName: 'Mesh 2 Image to 3D',
		profile: 'Makes a 3D model of what an image shows, a made-up model of the sandbox.',
		price: { usd: 0.2, unit: 'generation' },
		categories: ['IMAGE-TO-3D'],
		tags: ['3D'],
		displayConsole: true,
		input: {
			properties: {
				image: mediaField('image', 'Image', 'What to model.'),
				enable_pbr: flag('Enable PBR', false),
				seed: SEED,
			},
			required: ['image'],
		},
		makes: 'mesh',
	},
];
