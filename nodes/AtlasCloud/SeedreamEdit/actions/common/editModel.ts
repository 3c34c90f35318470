import type { ListedModel } from '../../../shared/modelEntry';

/**
 * A model as this node lists it. "Edit" would stand in every name, the panel has room for forty characters, and the
 * catalog's price per generation is charged for each image.
 */
export function editModel({ id, name, price }: ListedModel): ListedModel {
	return {
		id,
		name: name.replace(/ Edit\b/i, '').replace(/^Seedream (?=.*Sequential)/i, ''),
		price: price?.unit === 'generation' ? { ...price, unit: 'image' } : price,
	};
}
