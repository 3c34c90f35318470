import type {
	IExecuteFunctions,
	ILoadOptionsFunctions,
	INodeProperties,
	INodePropertyOptions,
} from 'n8n-workflow';
import { inputError } from '../api/errors';
import { asNumber, asString } from '../api/json';
import { ModelInfos } from '../api/models/model';
import { KNOWN_MODELS, offeredSizes } from '../api/models/seedream';
import {
	INPUT_SHAPE,
	sizeLabel,
	UNKNOWN_SIZES,
	type SizeChoice,
	type SizeRules,
} from '../api/models/sizeRules';
import type { Dimensions } from '../api/models/sizes';
import { truncate } from '../api/text';
import { connect } from '../n8n/connect';
import { selectedModel } from '../panel/modelField';

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

/** What the Size list offers. */
export function sizeOptions(rules: SizeRules): INodePropertyOptions[] {
	const choices = offeredSizes(rules);
	// Where a size and a shape are chosen apart, the size alone keeps the shape of the input.
	const isTier = ({ fields, dimensions }: SizeChoice) => !dimensions && Object.keys(fields).length > 1;
	const tiers = choices.filter(isTier).map(({ value }) => value.split(' ')[0]);
	const ofInput = choices.some(({ ratio }) => ratio === 'input') ? [] : [...new Set(tiers)];
	return [
		MATCH_INPUT,
		...(rules.free ? [CUSTOM] : []),
		...ofInput.map((tier) => ({ name: `${INPUT_SHAPE} · ${tier}`, value: tier })),
		...choices.map((choice) => ({ name: sizeLabel(choice), value: choice.value })),
	];
}

/** The sizes of the chosen model, for the panel; the usual ones where they cannot be read. */
export async function getSizes(this: ILoadOptionsFunctions): Promise<INodePropertyOptions[]> {
	const model = selectedModel(this) ?? '=';
	if (model.startsWith('=')) return sizeOptions(UNKNOWN_SIZES);
	const rules = connect(this).then(async ({ client }) => await new ModelInfos(client).rulesOf(model));
	return sizeOptions(await rules.then(({ sizes }) => sizes).catch(() => UNKNOWN_SIZES));
}

function sizeField(options: INodePropertyOptions[], more: Partial<INodeProperties>): INodeProperties {
	return {
		displayName: 'Size',
		name: 'size',
		type: 'options',
		options,
		default: 'matchInput',
		builderHint: { propertyHint: 'Keep matchInput unless the user asks for a size or a shape.' },
		description: 'Size of the edited image',
		...more,
	};
}

/**
 * The Size field of each known model, and of all other models. `hide` alone decides which one is shown: with `show`, n8n
 * shows a field as soon as a parameter named there is an expression.
 */
const sizeLists: INodeProperties[] = [
	...KNOWN_MODELS.map(({ id, sizes }) =>
		sizeField(sizeOptions(sizes), { displayOptions: { hide: { model: [{ _cnd: { not: id } }] } } }),
	),
	sizeField([], {
		typeOptions: { loadOptionsMethod: 'getSizes', loadOptionsDependsOn: ['model.value'] },
		displayOptions: { hide: { model: KNOWN_MODELS.map(({ id }) => id) } },
	}),
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
			// A tier alone fixes no shape, and neither does `auto`.
			hide: { size: [MATCH_INPUT.value, { _cnd: { regex: '^=|^[\\d.]+[kK]$|auto|adaptive' } }] },
		},
	},
];

/** What the user chose: `matchInput`, a width and height, or a size by its name. */
export type ChosenSize = string | Dimensions;

/** Whether the edited image keeps the shape of the input, be it in a named resolution such as `2K`. */
export function keepsShape(size: ChosenSize): boolean {
	return typeof size === 'string' && /^(matchInput|[\d.]+k( auto)?)$/i.test(size);
}

/** Reads the size of an edit, which may be no size that its model offers. @throws AtlasError (`input`) */
export function readSize(context: IExecuteFunctions, itemIndex: number): ChosenSize {
	const size: unknown = context.getNodeParameter('size', itemIndex, 'matchInput');
	if (size === 'custom') {
		const side = (name: string) => asNumber(context.getNodeParameter(name, itemIndex, 0)) ?? 0;
		return { width: side('width'), height: side('height') };
	}
	const name = typeof size === 'number' ? String(size) : asString(size)?.trim();
	if (name) return name;
	throw inputError(
		`"${truncate(String(size))}" is not a valid 'Size'`,
		'Choose a size from the list, or use an expression that returns matchInput or width*height, such as 2048*2048.',
	);
}
