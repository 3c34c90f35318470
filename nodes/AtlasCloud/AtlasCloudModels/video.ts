import { generateOperation } from './generate';

export const generateVideo = generateOperation({
	option: {
		name: 'Generate',
		value: 'generate',
		action: 'Generate a video',
		description: 'Create a video from text, images, or other files and wait for the result',
	},
	type: 'Video',
	preset: {
		id: 'bytedance/seedance-v1.5-pro/image-to-video',
		name: 'Seedance v1.5 Pro Image to Video',
		price: null,
	},
});
