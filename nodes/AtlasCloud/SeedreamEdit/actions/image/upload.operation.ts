import { updateDisplayOptions } from 'n8n-workflow';
import { inputError } from '../../../api/errors';
import type { InputFile } from '../../../api/files/uploads';
import { inputDataFieldNameField } from '../common/fields';
import { uploadOptions } from '../common/options';
import { binaryImages } from '../inputImages';
import { itemOperation } from '../operation';

/** Uploads pictures and hands on their links in place of the files. */
export const upload = itemOperation<InputFile[]>({
	option: {
		name: 'Upload',
		value: 'upload',
		action: 'Upload an image',
		description: 'Upload pictures and hand on their links',
	},
	fields: updateDisplayOptions({ show: { resource: ['image'], operation: ['upload'] } }, [
		inputDataFieldNameField,
		uploadOptions,
	]),

	async read(run, itemIndex) {
		const pictures = await binaryImages(run.context, itemIndex);
		if (pictures.length > 0) return pictures.flatMap(({ file }) => file ?? []);
		throw inputError('The item has no picture', 'Set Input Data Field Name to its binary field.');
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
