import { generateOperation } from '../common/generateOperation';

/** The catalog has to tell what the model makes: it decides where the request goes. */
export const run = generateOperation({
	option: {
		name: 'Run',
		value: 'run',
		action: 'Run any model',
		description: 'Run any image, video or audio model of the catalog and wait for the result',
	},
	type: null,
});
