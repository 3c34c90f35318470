import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';
import { readCatalog, type CatalogModel, type ModelType } from '../../api/models/catalog';
import { connect } from '../../shared/connect';
import { modelEntry } from '../../shared/modelEntry';

const MEDIA_TYPES: ModelType[] = ['Image', 'Video', 'Audio'];

const TYPE_OF_RESOURCE: Record<string, ModelType> = { image: 'Image', video: 'Video', audio: 'Audio' };

/** The types of models that a resource runs. */
function typesOf(resource: unknown): ModelType[] {
	const type = typeof resource === 'string' ? TYPE_OF_RESOURCE[resource] : undefined;
	return type ? [type] : MEDIA_TYPES;
}

/**
 * Lists the catalog's models of the resource's type with their prices, filtered by name and ID.
 * @throws AtlasError (`read`) if the catalog cannot be read: the panel then offers By ID
 */
export async function searchModels(this: ILoadOptionsFunctions, filter = ''): Promise<INodeListSearchResult> {
	const types = typesOf(this.getCurrentNodeParameter('resource'));
	const { client } = await connect(this);
	const models = await readCatalog(client, 1);
	const words = filter.toLowerCase().split(/\s+/);
	const isWanted = ({ id, name, type }: CatalogModel) => {
		const text = `${name} ${id}`.toLowerCase();
		return type !== null && types.includes(type) && words.every((word) => text.includes(word));
	};
	return { results: models.filter(isWanted).map(modelEntry) };
}
