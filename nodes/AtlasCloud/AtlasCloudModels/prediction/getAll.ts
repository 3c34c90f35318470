import { getAllOperation } from '../../operations/getMany';
import { predictionJson } from '../../items/outputItems';
import { FILE_OUTPUT } from '../../items/destination';

export const getAll = getAllOperation({
	description: 'List the predictions of your Atlas Cloud account',
	toJson: (prediction, fileIndex) =>
		predictionJson(prediction, { model: null, prompt: null, size: null }, fileIndex, FILE_OUTPUT),
	urlProperty: 'fileUrl',
});
