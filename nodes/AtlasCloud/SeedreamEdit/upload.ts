import { inputError } from '../api/errors';
import type { InputFile } from '../api/files/uploads';
import { asArray } from '../api/json';
import { binaryImages } from '../items/inputImages';
import { itemOperation } from '../run/operation';
import { countNoun } from '../api/words';
import { inputDataFieldNameField } from './fields';
import { editKind } from './kind';

/** Uploads images and returns their links in place of the files. */
export const upload = itemOperation<InputFile[]>({
	option: {
		name: 'Upload',
		value: 'upload',
		action: 'Upload image and get its URL',
		description: 'Upload images to Atlas Cloud and get their URLs',
	},
	fields: [inputDataFieldNameField, editKind.options.upload],
	summary: {
		count(done) {
			const urls = done.flatMap(({ json }) => asArray(json.urls));
			return { done: countNoun(urls.length, 'image', ' uploaded'), failedCount: 0 };
		},
	},

	async read(run, itemIndex) {
		const images = await binaryImages(run.context, itemIndex);
		if (images.length > 0) return images.map(({ file }) => file);
		throw inputError(
			'No image found in this item',
			'Enter the name of its file field in Input Data Field Name.',
		);
	},

	async work(run, files, itemIndex) {
		const urls = await Promise.all(files.map(async (file) => await run.uploads.url(file, itemIndex)));
		const described = files.map(({ fieldName, fileName, kind, sizeBytes }, i) => ({
			url: urls[i],
			fieldName,
			fileName,
			mimeType: kind.mimeType,
			fileSizeBytes: sizeBytes,
		}));
		return [{ json: { url: urls[0], urls, files: described }, pairedItem: { item: itemIndex } }];
	},
});
