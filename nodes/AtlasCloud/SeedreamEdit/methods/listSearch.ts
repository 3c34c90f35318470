import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';
import { readCatalog, type CatalogModel } from '../../api/models/catalog';
import { isSeedreamEdit, KNOWN_MODELS } from '../../api/models/models';
import { priceText } from '../../api/models/prices';
import { connect } from '../../shared/connect';

/** What the list shows of a model. */
type ListedModel = Pick<CatalogModel, 'id' | 'name' | 'price'>;

async function readSeedreamEdits(context: ILoadOptionsFunctions): Promise<ListedModel[]> {
	const { client } = await connect(context);
	const catalog = await readCatalog(client, 1);
	const models = catalog.filter(({ id }) => isSeedreamEdit(id));
	return models.length > 0 ? models : KNOWN_MODELS;
}

/** The dropdown is narrow, and all Seedream models are by ByteDance. */
const shortId = (id: string) => id.replace(/^bytedance\//, '');

/** Lists the catalog's Seedream edit models with their prices, or the known ones where it cannot be read. */
export async function searchModels(this: ILoadOptionsFunctions, filter = ''): Promise<INodeListSearchResult> {
	const models = await readSeedreamEdits(this).catch(() => KNOWN_MODELS);
	const wanted = filter.trim().toLowerCase();
	return {
		results: models
			.filter(({ id, name }) => `${name} ${id}`.toLowerCase().includes(wanted))
			.map(({ id, name, price }) => ({
				name: [name, ...(price === null ? [] : [priceText(price)]), shortId(id)].join(' · '),
				value: id,
			})),
	};
}
