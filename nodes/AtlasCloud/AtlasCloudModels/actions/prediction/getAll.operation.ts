import { getAllOperation } from '../../../shared/getAllOperation';
import { predictionJson } from '../../../shared/outputItems';
import { FILE_OUTPUT } from '../../../shared/outputStyle';

export const getAll = getAllOperation({
	description: 'List the predictions of your Atlas Cloud account',
	toJson: (prediction, fileIndex) =>
		predictionJson(prediction, { model: null, prompt: null, size: null }, fileIndex, FILE_OUTPUT),
	urlProperty: 'fileUrl',
});
