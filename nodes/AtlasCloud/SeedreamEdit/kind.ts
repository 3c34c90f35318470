import { IMAGE_OUTPUT, safeStem, stemOfUrl } from '../items/destination';
import type { NodeKind } from '../operations/kind';
import { optionFields } from '../panel/optionFields';
import { DEFAULT_TIMEOUT_SECONDS, EDIT_WORDS } from '../panel/options';
import { readEdit, resolveEdit } from './editRequest';
import { background, editFields, outputFormat } from './fields';
import { editQuoteRequest, type EditJob } from './modelFields';

/** How Seedream Edit does what both nodes do. */
export const editKind: NodeKind<EditJob> = {
	style: IMAGE_OUTPUT,
	fields: editFields,
	options: optionFields(EDIT_WORDS, {
		timeoutSeconds: { buy: DEFAULT_TIMEOUT_SECONDS, wait: DEFAULT_TIMEOUT_SECONDS },
		keepsInputImage: true,
		requestOptions: [outputFormat, background],
	}),
	timeoutSeconds: DEFAULT_TIMEOUT_SECONDS,
	read: readEdit,
	resolve: resolveEdit,
	bodyOf: ({ request }) => request.body,
	quoteRequestOf: async (_run, job) => await Promise.resolve(editQuoteRequest(job)),
	baseNameOf({ images: [{ file, url }] }) {
		const stem = file ? safeStem(file.fileName ?? file.fieldName ?? '') : stemOfUrl(url);
		return `${stem}-edited`;
	},
	inputsJson: ({ images, size }) => ({ images, size }),
};
