import type { INodeListSearchItems, INodeParameterResourceLocator } from 'n8n-workflow';
import { priceText, type ListPrice } from '../api/models/prices';
import { isFixedPrice } from '../api/models/seedream';

/** What a model list shows of a model. */
export interface ListedModel {
	id: string;
	name: string;
	price: ListPrice | null;
}

/** `Seedream v5.0 Lite · $0.032 per image`, `Seedream v5.5 · from $0.02 per image` */
function modelLabel({ id, name, price }: ListedModel): string {
	if (price === null) return name;
	return `${name} · ${isFixedPrice(id, price) ? '' : 'from '}${priceText(price)}`;
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
