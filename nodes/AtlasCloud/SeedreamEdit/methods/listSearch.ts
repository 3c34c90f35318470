import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';
import { readCatalog } from '../../api/models/catalog';
import { isSeedreamEdit, KNOWN_MODELS } from '../../api/models/models';
import { connect } from '../../shared/connect';
import { modelEntry, type ListedModel } from '../../shared/modelEntry';
import { editModel } from '../actions/common/editModel';

async function readSeedreamEdits(context: ILoadOptionsFunctions): Promise<ListedModel[]> {
	const { client } = await connect(context);
	const catalog = await readCatalog(client, 1);
	const models = catalog.filter(({ id }) => isSeedreamEdit(id));
	return models.length > 0 ? models : KNOWN_MODELS;
}

/** Lists the catalog's Seedream edit models with their prices, or the known ones if it can’t be read. */
export async function searchModels(this: ILoadOptionsFunctions, filter = ''): Promise<INodeListSearchResult> {
	const models = await readSeedreamEdits(this).catch(() => KNOWN_MODELS);
	const wanted = filter.trim().toLowerCase();
	return {
		results: models
			.filter(({ id, name }) => `${name} ${id}`.toLowerCase().includes(wanted))
			.map((model) => modelEntry(editModel(model))),
	};
}
