import type { IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { inputError, truncate } from '../api/errors';
import { asNumber } from '../api/json';
import { KNOWN_MODELS, V5_LITE_SIZES, type NamedSize } from '../api/models/seedream';
import { parseSize, sizeText, type Dimensions } from '../api/models/sizes';

/** E.g. `Widescreen 16:9 · 2K · 2848 × 1600`. */
function sizeOption(size: NamedSize): INodePropertyOptions {
	return { name: `${size.shape} · ${size.tier} · ${size.width} × ${size.height}`, value: sizeText(size) };
}

const MATCH_INPUT: INodePropertyOptions = {
	name: 'Match Input Image',
	value: 'matchInput',
	description: 'Keeps the aspect ratio of the first image',
};
const CUSTOM: INodePropertyOptions = {
	name: 'Custom',
	value: 'custom',
	description: 'Set width and height in pixels',
};

/**
 * The Size field of one known model, or of all other models. `hide` alone decides which one is shown: with `show`, n8n
 * shows a field as soon as a parameter named there is an expression.
 */
function sizeList(
	namedSizes: NamedSize[],
	isCustomAllowed: boolean,
	hide: NonNullable<INodeProperties['displayOptions']>['hide'],
): INodeProperties {
	return {
		displayName: 'Size',
		name: 'size',
		type: 'options',
		options: [MATCH_INPUT, ...(isCustomAllowed ? [CUSTOM] : []), ...namedSizes.map(sizeOption)],
		default: 'matchInput',
		description: 'Size of the edited image',
		displayOptions: { hide },
	};
}

const sizeLists: INodeProperties[] = [
	...KNOWN_MODELS.map(({ id, sizes, namedSizes }) =>
		sizeList(namedSizes, sizes.kind !== 'list', { model: [{ _cnd: { not: id } }] }),
	),
	sizeList(V5_LITE_SIZES, true, { model: KNOWN_MODELS.map(({ id }) => id) }),
];

function sideField(displayName: string, name: string): INodeProperties {
	return {
		displayName,
		name,
		type: 'number',
		typeOptions: { minValue: 1, maxValue: 16384 },
		default: 2048,
		required: true,
		description: `${displayName} in pixels`,
		displayOptions: { show: { size: ['custom'] } },
	};
}

/** Size, and what it asks for. */
export const sizeFields: INodeProperties[] = [
	...sizeLists,
	sideField('Width', 'width'),
	sideField('Height', 'height'),
	{
		displayName:
			'The image may be cropped or extended to fit this size. Choose Match Input Image to keep its aspect ratio.',
		name: 'sizeNotice',
		type: 'notice',
		default: '',
		displayOptions: {
			hide: { size: [MATCH_INPUT.value, { _cnd: { regex: '^=' } }] },
		},
	},
];

/** Reads the size of an edit, which may be no size that its model offers. @throws AtlasError (`input`) */
export function readSize(context: IExecuteFunctions, itemIndex: number): 'matchInput' | Dimensions {
	const size: unknown = context.getNodeParameter('size', itemIndex, 'matchInput');
	if (size === 'matchInput') return size;
	if (size === 'custom') {
		const side = (name: string) => asNumber(context.getNodeParameter(name, itemIndex, 0)) ?? 0;
		return { width: side('width'), height: side('height') };
	}
	const parsed = typeof size === 'string' ? parseSize(size) : null;
	if (parsed) return parsed;
	throw inputError(
		`"${truncate(String(size))}" is not a valid size`,
		'Choose a size from the list, or use an expression that returns matchInput or width*height, such as 2048*2048.',
	);
}
