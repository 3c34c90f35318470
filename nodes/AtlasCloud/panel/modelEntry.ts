import type { INodeListSearchItems, INodeParameterResourceLocator } from 'n8n-workflow';
import { priceText, type ListPrice } from '../api/models/prices';
import { knownModel } from '../api/models/seedream';

/** What a model list shows of a model. */
export interface ListedModel {
	id: string;
	name: string;
	price: ListPrice | null;
}

/**
 * `Seedream v5.0 Lite · $0.032 per image`. A list price is that of the smallest size and the fewest inputs, and Atlas does
 * not say where it holds for all: it is known here, or the unit tells (docs/atlas-cloud-api.md, Prices).
 */
function modelLabel({ id, name, price }: ListedModel): string {
	if (price === null) return name;
	const isFixed = knownModel(id) !== undefined || price.unit === 'minute' || price.unit === '1k_chars';
	return `${name} · ${isFixed ? '' : 'from '}${priceText(price)}`;
}

/** A model's entry in the list, with a link to its page. */
export function modelEntry(model: ListedModel): INodeListSearchItems {
	return {
		name: modelLabel(model),
		value: model.id,
		url: `https://www.atlascloud.ai/models/${encodeURI(model.id)}`,
	};
}

/** A Model field's default. Without its link: n8n would cut off the price to make room for the icon. */
export function defaultModelValue(model: ListedModel): Omit<INodeParameterResourceLocator, '__rl'> {
	return { mode: 'list', value: model.id, cachedResultName: modelEntry(model).name };
}
