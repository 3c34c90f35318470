import { getAllOperation } from '../../operations/getMany';
import { predictionJson } from '../../items/outputItems';
import { IMAGE_OUTPUT } from '../../items/destination';

export const getAll = getAllOperation({
	description: 'List the predictions of your Atlas Cloud account',
	toJson: (prediction, imageIndex) =>
		predictionJson(prediction, { model: null, prompt: null, size: null }, imageIndex, IMAGE_OUTPUT),
	urlProperty: 'imageUrl',
});
