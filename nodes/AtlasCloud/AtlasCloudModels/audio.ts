import { generateOperation } from './generate';

export const generateAudio = generateOperation({
	option: {
		name: 'Generate',
		value: 'generate',
		action: 'Generate audio',
		description: 'Create speech, music, or other audio and wait for the result',
	},
	type: 'Audio',
});
