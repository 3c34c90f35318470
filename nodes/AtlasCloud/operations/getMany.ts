import type { INodeExecutionData, INodeProperties } from 'n8n-workflow';
import { whyNotFetchable } from '../api/http/addresses';
import { asObject, asString } from '../api/json';
import { readHistory } from '../api/predictions/history';
import { predictionJson } from '../items/outputItems';
import { simplifyField } from '../panel/optionFields';
import { readParameter } from '../panel/options';
import type { Operation } from '../run/operation';
import type { NodeKind } from './kind';

/** A limit for Return All: a hundred thousand predictions. */
const MAX_PAGES = 2_000;

const returnAllField: INodeProperties = {
	displayName: 'Return All',
	name: 'returnAll',
	type: 'boolean',
	default: false,
	description: 'Whether to return all results or only up to a given limit',
};

const limitField: INodeProperties = {
	displayName: 'Limit',
	name: 'limit',
	type: 'number',
	typeOptions: { minValue: 1, numberPrecision: 0 },
	default: 50,
	description: 'Max number of results to return',
	displayOptions: { show: { returnAll: [false] } },
};

const filtersField: INodeProperties = {
	displayName: 'Filters',
	name: 'filters',
	type: 'collection',
	placeholder: 'Add filter',
	default: {},
	options: [
		{
			displayName: 'Model',
			name: 'model',
			type: 'string',
			default: '',
			placeholder: 'e.g. bytedance/seedream-v4/edit',
			description: 'Only return predictions made with this model',
		},
		{
			displayName: 'Status',
			name: 'status',
			type: 'options',
			options: [
				{ name: 'Completed', value: 'completed' },
				{ name: 'Failed', value: 'failed' },
				{ name: 'Processing', value: 'processing' },
			],
			default: 'completed',
			description: 'Only return predictions with this status',
		},
	],
};

type HistoryJob = { limit: number; model?: string; status: string | null };

/** The account's history, newest first. */
export const getManyOperation = ({ style }: NodeKind): Operation<HistoryJob> => ({
	option: {
		name: 'Get Many',
		value: 'getAll',
		action: 'Get many predictions',
		description: 'List the predictions of your Atlas Cloud account',
	},
	fields: [returnAllField, limitField, simplifyField, filtersField],
	columns: style.columns,
	isOnce: true,

	read({ context }, itemIndex) {
		const read = (field: INodeProperties) => readParameter(context, itemIndex, field);
		const { model, status } = asObject(read(filtersField)) ?? {};
		const limit = read(returnAllField) === true ? Infinity : Number(read(limitField));
		return { limit, model: asString(model) ?? undefined, status: asString(status) };
	},

	async work({ client }, { limit, model, status }) {
		const items: INodeExecutionData[] = [];
		// Atlas has several words for each status, so its own filter cannot be used.
		for await (const prediction of readHistory(client, { model }, MAX_PAGES)) {
			if (model !== undefined && prediction.model !== model) continue;
			if (status !== null && prediction.status !== status) continue;
			const json = predictionJson(prediction, {}, prediction.outputs.length > 0 ? 0 : null, style);
			// Another node must not be led to fetch what this one may not.
			const urlField = `${style.output}Url`;
			const url = asString(json[urlField]);
			if (url !== null && whyNotFetchable(url, client.baseUrl) !== null) json[urlField] = null;
			items.push({ json, pairedItem: { item: 0 } });
			if (items.length >= limit) break;
		}
		return { items };
	},
});
