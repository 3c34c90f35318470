import { getAllOperation } from '../../../shared/getAllOperation';
import { predictionJson } from '../../../shared/outputItems';

export const getAll = getAllOperation({
	description: 'List the edits of this account',
	toJson: (prediction, imageIndex) =>
		predictionJson(prediction, { model: null, prompt: null, size: null }, imageIndex),
	urlProperty: 'imageUrl',
});
