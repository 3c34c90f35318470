import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';
import { checkBaseUrl } from '../../api/http/addresses';
import { isSeedreamEdit, readCatalog, type CatalogModel } from '../../api/models/catalog';
import { AtlasClient } from '../../api/http/client';
import { KNOWN_MODELS } from '../../api/models/models';
import { CREDENTIAL_TYPE } from '../../shared/credential';
import { startClock } from '../../shared/transport/n8nClock';
import { n8nHttp } from '../../shared/transport/n8nHttp';

/** The models this node knows by itself: offered when the catalog cannot be reached. */
const KNOWN: CatalogModel[] = KNOWN_MODELS.map(({ id, name, priceUsd }) => ({
	id,
	name,
	priceUsd,
	schemaUrl: null,
	averageLatency: null,
}));

async function seedreamEdits(context: ILoadOptionsFunctions): Promise<CatalogModel[]> {
	const credential = await context.getCredentials(CREDENTIAL_TYPE);
	const client = new AtlasClient({
		baseUrl: checkBaseUrl(String(credential.baseUrl)),
		http: n8nHttp(context, credential),
		clock: startClock(),
		signal: undefined,
	});
	const models = (await readCatalog(client, 1)).filter(({ id }) => isSeedreamEdit(id));
	return models.length > 0 ? models : KNOWN;
}

/** The dropdown is narrow, and all Seedream models are ByteDance's. */
const shortId = (id: string) => id.replace(/^bytedance\//, '');

/** The Seedream edit models of the catalog, with price; the known ones when it cannot be had. */
export async function searchModels(this: ILoadOptionsFunctions, filter = ''): Promise<INodeListSearchResult> {
	const models = await seedreamEdits(this).catch(() => KNOWN);
	const wanted = filter.trim().toLowerCase();
	return {
		results: models
			.filter(({ id, name }) => `${name} ${id}`.toLowerCase().includes(wanted))
			.map(({ id, name, priceUsd }) => ({
				name: [name, ...(priceUsd === null ? [] : [`$${priceUsd}`]), shortId(id)].join(' · '),
				value: id,
			})),
	};
}
