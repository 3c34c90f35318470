import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';
import { checkBaseUrl } from '../../api/http/addresses';
import { AtlasClient } from '../../api/http/client';
import { readCatalog, type CatalogModel } from '../../api/models/catalog';
import { isSeedreamEdit, KNOWN_MODELS } from '../../api/models/models';
import { priceText } from '../../api/models/prices';
import { CREDENTIAL_TYPE } from '../../shared/credential';
import { startClock } from '../../shared/transport/n8nClock';
import { n8nHttp } from '../../shared/transport/n8nHttp';

/** What the list shows of a model. */
type ListedModel = Pick<CatalogModel, 'id' | 'name' | 'price'>;

async function readSeedreamEdits(context: ILoadOptionsFunctions): Promise<ListedModel[]> {
	const credential = await context.getCredentials(CREDENTIAL_TYPE);
	const client = new AtlasClient({
		baseUrl: checkBaseUrl(String(credential.baseUrl)),
		http: n8nHttp(context, credential),
		clock: startClock(),
		signal: undefined,
	});
	const models = (await readCatalog(client, 1)).filter(({ id }) => isSeedreamEdit(id));
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
