import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AtlasCloudModels } from '../../nodes/AtlasCloud/AtlasCloudModels/AtlasCloudModels.node';
import type { InputFile, SeedreamOptions } from './seedream';

/** The node, for `runSeedream` and the retries built on it. */
export const models = { node: new AtlasCloudModels() };

export interface ModelOptions {
	resource?: string;
	operation?: string;
	model?: string;
	/** What goes into the model's fields. */
	inputs?: object;
	/** By default as `modelInputs`. */
	asJson?: boolean;
	/** Default: URLs only. */
	downloadFiles?: boolean;
	options?: object;
}

/** The parameters of a call. */
export function parametersOf(call: ModelOptions): NonNullable<SeedreamOptions['parameters']> {
	const { resource = 'image', operation = 'generate', model, inputs = {}, asJson = false, ...rest } = call;
	const { downloadFiles = false, options, ...others } = rest;
	const given = asJson
		? { inputMode: 'json', modelInputsJson: JSON.stringify(inputs) }
		: { inputMode: 'fields', modelInputs: { mappingMode: 'defineBelow', value: inputs, schema: [] } };
	return {
		resource,
		operation,
		...(model ? { model } : {}),
		...given,
		simplify: false,
		options: { downloadFiles, ...options },
		...others,
	};
}

/** A video or sound of `test/fixtures/media`. */
export function mediaFile(name: string, mimeType: string): InputFile {
	return { bytes: readFileSync(join(__dirname, '../fixtures/media', name)), fileName: name, mimeType };
}
