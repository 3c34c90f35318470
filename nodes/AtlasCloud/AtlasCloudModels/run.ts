import { generateOperation } from './generate';

/** The catalog must say what the model makes: that decides where the request goes. */
export const run = generateOperation({
	option: {
		name: 'Run',
		value: 'run',
		action: 'Run any model',
		description: 'Run any image, video, or audio model and wait for the result',
	},
	type: null,
});
