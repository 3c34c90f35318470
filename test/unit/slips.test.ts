import { slipsIn, textsOf } from './slips';

it.each([
	['Pictures that a node before this one hands on as files', 3],
	['One a line', 1],
	['Where it is an expression, check it.', 1],
	['Check it. Where there is none, run it again.', 1],
	['a watercolour painting', 1],
	['centred letters', 1],
	['The prediction id of the item', 1],
	['Waited 1 seconds', 1],
	['It was  sent', 1],
	['Atlas could not be reached', 2],
])('finds what is wrong with "%s"', (text, count) => {
	expect(slipsIn(text)).toHaveLength(count);
});

it.each([
	'Where to get the images from',
	'Keep the subject exactly as it is and where it is',
	'Enter the prediction ID returned by Submit.',
	'Waited 1 second for 11 seconds in all',
	'Open https://api.atlascloud.ai in the Atlas Cloud console',
	'Set N8N_DEFAULT_BINARY_DATA_MODE=filesystem',
])('lets "%s" pass', (text) => {
	expect(slipsIn(text)).toEqual([]);
});

it('reads every text of a description that people see', () => {
	expect(
		textsOf({
			displayName: 'Size',
			name: 'size',
			default: 'a',
			options: [{ name: 'A', value: 'a', description: 'First' }],
			modes: [{ validation: [{ properties: { regex: 'x', errorMessage: 'Wrong' } }] }],
		}),
	).toEqual(['Size', 'A', 'First', 'Wrong']);
});
