import { getAllOperation } from '../../../shared/getAllOperation';
import { predictionJson } from '../../../shared/outputItems';
import { IMAGE_OUTPUT } from '../../../shared/outputStyle';

export const getAll = getAllOperation({
	description: 'List the predictions of your Atlas Cloud account',
	toJson: (prediction, imageIndex) =>
		predictionJson(prediction, { model: null, prompt: null, size: null }, imageIndex, IMAGE_OUTPUT),
	urlProperty: 'imageUrl',
});
