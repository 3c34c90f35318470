import { generateOperation } from './generate';

export const generateImage = generateOperation({
	option: {
		name: 'Generate',
		value: 'generate',
		action: 'Generate an image',
		description: 'Create or edit images with any image model and wait for the result',
	},
	type: 'Image',
	preset: {
		id: 'bytedance/seedream-v5.0-lite',
		name: 'Seedream v5.0 Lite',
		price: { usd: 0.032, unit: 'image' },
	},
});
