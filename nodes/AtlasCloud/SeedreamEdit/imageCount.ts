import type { INodeProperties } from 'n8n-workflow';
import { inputError } from '../api/errors';
import { maxImageCount, MAX_SEQUENTIAL_IMAGES, type ImageCount } from '../api/models/modelRules';
import { isSequential } from '../api/models/seedream';
import { plural } from '../api/words';
import { nameOf } from './modelFields';

export const imageCountField: INodeProperties = {
	displayName: 'Number of Images',
	name: 'numberOfImages',
	type: 'number',
	typeOptions: { minValue: 1, maxValue: MAX_SEQUENTIAL_IMAGES, numberPrecision: 0 },
	default: 1,
	builderHint: {
		propertyHint: 'Variants of each edit. Keep 1 unless the user asks for several: each is billed.',
	},
	description:
		'How many edited images to make for each item: up to 4, or up to 15 with a Sequential model. Each is billed.',
};

/** @throws AtlasError (`input`) for more images than the model may be asked for */
export function checkOutputCount(
	imageCount: number,
	inputCount: number,
	rule: ImageCount | null,
	model: string,
): void {
	const max = maxImageCount(inputCount, rule);
	if (imageCount <= max) return;
	throw inputError(
		`'Number of Images' is ${imageCount}, but ${nameOf(model)} can make at most ${max} from ${plural(inputCount, 'input image')}`,
		`Lower 'Number of Images'${isSequential(model) ? '' : ', or choose a model with Sequential in its name: it makes more'}.`,
	);
}
