import { getAllOperation } from '../../../shared/getAllOperation';
import { fileJson } from '../common/fileItems';

export const getAll = getAllOperation({
	description: 'List the predictions of your Atlas Cloud account',
	toJson: (prediction, fileIndex) =>
		fileJson(prediction, { model: null, prompt: null, size: null }, fileIndex),
	urlProperty: 'fileUrl',
});
