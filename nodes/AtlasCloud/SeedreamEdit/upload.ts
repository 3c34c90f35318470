import type { INodeProperties } from 'n8n-workflow';
import { inputError } from '../api/errors';
import type { InputFile } from '../api/files/uploads';
import { asArray } from '../api/json';
import { itemOperation, type ItemOperation } from '../run/operation';
import { countNoun } from '../api/words';
import { imagesField, readImages } from './images';

/** Uploads images and returns their links in place of the files. */
export function uploadOperation(options: INodeProperties): ItemOperation {
	return itemOperation<InputFile[]>({
		option: {
			name: 'Upload',
			value: 'upload',
			action: 'Upload image and get its URL',
			description: 'Upload images to Atlas Cloud and get their URLs',
		},
		fields: [imagesField, options],
		summary: {
			count(done) {
				const urls = done.flatMap(({ json }) => asArray(json.urls));
				return countNoun(urls.length, 'image', ' uploaded');
			},
		},

		async read(run, itemIndex) {
			const images = await readImages(run, itemIndex);
			return images.map(({ file }) => {
				if (file) return file;
				throw inputError(
					"Upload takes files, but 'Images' contains a URL",
					"Edit reads it from there: enter the URL in its 'Images'. To upload it all the same, download it with an HTTP Request node first.",
				);
			});
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
}
