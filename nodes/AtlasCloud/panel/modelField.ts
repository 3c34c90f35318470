import type {
	IExecuteFunctions,
	ILoadOptionsFunctions,
	INodeListSearchItems,
	INodeListSearchResult,
	INodeProperties,
} from 'n8n-workflow';
import { inputError } from '../api/errors';
import { asObject, asString } from '../api/json';
import { isModelId } from '../api/models/model';
import { priceText, type ListPrice } from '../api/models/prices';
import { isFixedPrice } from '../api/models/seedream';

/** What a model list shows of a model. */
export interface ListedModel {
	id: string;
	name: string;
	price: ListPrice | null;
}

/** A model's entry in the list, such as `Seedream v5.5 · from $0.02 per image`, with a link to its page. */
function modelEntry({ id, name, price }: ListedModel): INodeListSearchItems {
	return {
		name: price ? `${name} · ${isFixedPrice(id) ? '' : 'from '}${priceText(price)}` : name,
		value: id,
		url: `https://www.atlascloud.ai/models/${encodeURI(id)}`,
	};
}

/** The models whose name or ID has every word of a filter. */
export function searchIn(models: ListedModel[], filter: string): INodeListSearchResult {
	const words = filter.toLowerCase().split(/\s+/);
	const isWanted = ({ id, name }: ListedModel) => {
		const text = `${name} ${id}`.toLowerCase();
		return words.every((word) => text.includes(word));
	};
	return { results: models.filter(isWanted).map(modelEntry) };
}

/** @param example an ID for messages and placeholders @param preset the model that is selected at first */
export function modelField(use: string, example: string, preset?: ListedModel): INodeProperties {
	// Without its link: n8n would cut off the price to make room for the icon.
	const value = preset ? { value: preset.id, cachedResultName: modelEntry(preset).name } : { value: '' };
	return {
		displayName: 'Model',
		name: 'model',
		type: 'resourceLocator',
		default: { mode: 'list', ...value },
		required: true,
		builderHint: { propertyHint: 'Keep the default unless the user names a model: then enter its ID.' },
		description: [use, 'The list shows list prices; your account may pay more or less.'].join(' '),
		modes: [
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				typeOptions: { searchListMethod: 'searchModels', searchable: true },
			},
			{
				displayName: 'By ID',
				name: 'id',
				type: 'string',
				placeholder: `e.g. ${example}`,
				validation: [
					{
						type: 'regex',
						properties: {
							regex: '^\\s*[^\\s]+\\s*$',
							errorMessage: `Enter a model ID such as ${example}`,
						},
					},
				],
			},
		],
	};
}

/** The model that the panel has selected, or the expression that names it. */
export function selectedModel(context: ILoadOptionsFunctions): string | undefined {
	const locator: unknown = context.getCurrentNodeParameter('model');
	return asString(asObject(locator)?.value ?? locator)?.trim();
}

/** The ID in an item's Model field. @param example an ID for the message @throws AtlasError (`input`) */
export function readModel(context: IExecuteFunctions, itemIndex: number, example: string): string {
	const model: unknown = context.getNodeParameter('model', itemIndex, '', { extractValue: true });
	if (typeof model === 'string' && isModelId(model.trim())) return model.trim();
	throw inputError(
		"'Model' is empty or not a valid model ID",
		`Choose a model from the list, or enter an ID such as ${example}.`,
	);
}
