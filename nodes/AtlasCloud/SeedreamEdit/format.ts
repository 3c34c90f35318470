import type { IDataObject, INodeProperties } from 'n8n-workflow';
import { inputError } from '../api/errors';
import type { JsonObject } from '../api/json';
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
	description: 'File format of the edited image. Seedream v4 has no choice.',
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
	description: 'Background of the edited image. Seedream v5.0 Pro and v5.5 have it; older models don’t.',
};

/** What people call a model. */
export function nameOf(model: string): string {
	return knownModel(model)?.family ?? model;
}

function isUnset(value: unknown): boolean {
	return typeof value !== 'string' || value === '';
}

/**
 * The fields for Output Format and Background.
 * @param isCutOut whether the prompt asks for the subject alone
 * @throws AtlasError (`input`) for what the model does not offer
 */
export function formatFields(
	{ outputFormat, background }: IDataObject,
	{ outputFormats, backgrounds }: ModelRules,
	model: string,
	isCutOut = false,
): JsonObject {
	const isTransparent = background === 'transparent' || (isUnset(background) && isCutOut);
	// A model that has no choice makes it opaque.
	const isMissing = backgrounds?.every((one) => one !== background) === true;
	if (!isUnset(background) && isMissing && (backgrounds.length > 0 || background === 'transparent')) {
		throw inputError(
			`${nameOf(model)} can’t make the background ${String(background)}`,
			"Remove 'Background' under Options, or choose a model that has it, such as Seedream v5.5.",
		);
	}
	if (background === 'transparent' && outputFormat === 'jpeg') {
		throw inputError('A JPEG can’t be transparent', "Set 'Output Format' to PNG, or 'Background' to Auto.");
	}
	const wanted = isTransparent && outputFormats?.includes('png') ? 'png' : outputFormat;
	const chosen = isTransparent ? 'transparent' : background;
	const isSent = !isUnset(chosen) && (!isMissing || isTransparent);
	return { ...outputFormatField(wanted, outputFormats, model), ...(isSent ? { background: chosen } : {}) };
}

function outputFormatField(format: unknown, outputFormats: string[] | null, model: string): JsonObject {
	if (isUnset(format)) return {};
	if (!outputFormats) return { output_format: format };
	const name = outputFormats.find((one) => one.toLowerCase().replace(/^jpg$/, 'jpeg') === format);
	if (name !== undefined) return { output_format: name };
	throw inputError(
		`${nameOf(model)} doesn’t support 'Output Format'`,
		"Remove 'Output Format' under Options, or choose another model.",
	);
}
