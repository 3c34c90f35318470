import type { IDataObject, INodeProperties } from 'n8n-workflow';
import { inputError } from '../api/errors';
import { asString, type JsonObject } from '../api/json';
import { knownModel, type ModelRules } from '../api/models/seedream';

/** Not hidden by the model: n8n would silently drop what was chosen for another model. */
export const outputFormat: INodeProperties = {
	displayName: 'Output Format',
	name: 'outputFormat',
	type: 'options',
	options: [
		{ name: 'JPEG', value: 'jpeg' },
		{ name: 'PNG', value: 'png' },
	],
	default: 'png',
	description: 'File format of the edited image. Seedream v4 doesn’t support this option.',
};

export const background: INodeProperties = {
	displayName: 'Background',
	name: 'background',
	type: 'options',
	options: [
		{ name: 'Auto', value: 'auto', description: 'The model decides' },
		{ name: 'Opaque', value: 'opaque' },
		{ name: 'Transparent', value: 'transparent', description: 'The image is a PNG without a background' },
	],
	default: 'transparent',
	description:
		'Background of the edited image. Transparent needs Seedream v5.0 Pro or v5.5: v4 and v5.0 Lite can’t make it.',
};

/** What people call a model. */
export function nameOf(model: string): string {
	return knownModel(model)?.family ?? model;
}

/**
 * The fields for Output Format and Background.
 * @param isCutOut whether the prompt asks for the subject alone
 * @throws AtlasError (`input`) for what the model does not offer
 */
export function formatFields(
	options: IDataObject,
	{ outputFormats, backgrounds }: ModelRules,
	model: string,
	isCutOut = false,
): JsonObject {
	const format = asString(options.outputFormat);
	const given = asString(options.background);
	// A model that has no choice makes it opaque.
	const isMissing = given !== null && backgrounds?.includes(given) === false;
	if (isMissing && (backgrounds.length > 0 || given === 'transparent')) {
		throw inputError(
			`${nameOf(model)} can’t make the background ${given}`,
			"Remove 'Background' under Options, or choose a model that has it, such as Seedream v5.5.",
		);
	}
	if (given === 'transparent' && format === 'jpeg') {
		throw inputError('A JPEG can’t be transparent', "Set 'Output Format' to PNG, or 'Background' to Auto.");
	}
	const chosen = given ?? (isCutOut && format !== 'jpeg' ? 'transparent' : null);
	const isPng = chosen === 'transparent' && outputFormats?.some((one) => one.toLowerCase() === 'png');
	return {
		...outputFormatField(isPng ? 'png' : format, outputFormats, model),
		...(chosen === null || isMissing ? {} : { background: chosen }),
	};
}

function outputFormatField(format: string | null, outputFormats: string[] | null, model: string): JsonObject {
	if (format === null) return {};
	if (!outputFormats) return { output_format: format };
	const name = outputFormats.find((one) => one.toLowerCase().replace(/^jpg$/, 'jpeg') === format);
	if (name !== undefined) return { output_format: name };
	throw inputError(
		`${nameOf(model)} doesn’t support 'Output Format'`,
		"Remove 'Output Format' under Options, or choose another model.",
	);
}
