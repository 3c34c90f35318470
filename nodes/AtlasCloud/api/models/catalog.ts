import type { AtlasClient } from '../http/client';
import { asArray, asObject, asString, type JsonObject } from '../json';
import { readInputSchema, type ModelField } from './inputSchema';
import { knownModel, MAX_INPUT_IMAGES } from './models';
import { listPriceOf, type ListPrice } from './prices';
import { readSchemaDocument } from './schemas';
import { parseSize, type SizeRule } from './sizes';

export type ModelType = 'Image' | 'Video' | 'Audio' | 'Text';

const MODEL_TYPES: readonly ModelType[] = ['Image', 'Video', 'Audio', 'Text'];

/** One model of the catalog (docs/atlas-cloud-api.md, Catalogue). */
export interface CatalogModel {
	id: string;
	name: string;
	/** Null where Atlas names another one, or none. */
	type: ModelType | null;
	/** The list price; null if it is not published. */
	price: ListPrice | null;
	/** URL of its OpenAPI document. */
	schemaUrl: string | null;
}

function toModel(value: unknown): CatalogModel | null {
	const item = asObject(value);
	const id = asString(item?.model);
	if (!item || id === null || item.display_console === false) return null;
	return {
		id,
		name: asString(item.displayName) ?? id,
		type: typeOf(item.type),
		price: listPriceOf(item),
		schemaUrl: asString(item.schema),
	};
}

function typeOf(value: unknown): ModelType | null {
	const text = asString(value)?.toLowerCase();
	return MODEL_TYPES.find((type) => type.toLowerCase() === text) ?? null;
}

/**
 * Reads the catalog: about 400 models of all vendors, without those that Atlas hides. Needs no key, so none is sent.
 * @throws AtlasError (`read`)
 */
export async function readCatalog(client: AtlasClient, maxAttempts?: number): Promise<CatalogModel[]> {
	const answer = await client.get('/api/v1/models', 'read the model catalog', {
		authenticated: false,
		maxAttempts,
	});
	return asArray(asObject(answer.json)?.data).flatMap((item) => toModel(item) ?? []);
}

/** What a model accepts. */
export interface ModelRules {
	sizes: SizeRule;
	maxInputImages: number;
	/** The list price, if it is known. */
	price?: ListPrice | null;
}

/** Reads the rules in a model's OpenAPI document (docs/atlas-cloud-api.md, Catalogue). */
export function rulesInSchema(schema: JsonObject): ModelRules {
	const fields = readInputSchema(schema) ?? [];
	const field = (name: string) => fields.find((one) => one.name === name);
	return {
		sizes: sizeRuleOf(field('size')),
		maxInputImages: field('images')?.maxItems ?? MAX_INPUT_IMAGES,
	};
}

function sizeRuleOf(size: ModelField | undefined): SizeRule {
	const values = size?.enumValues ?? [];
	const sizes = values.flatMap((text) => (typeof text === 'string' && parseSize(text)) || []);
	if (sizes.length > 0) return { kind: 'list', sizes };
	const { minimum: minSide = null, maximum: maxSide = null } = size ?? {};
	const isRange = minSide !== null && maxSide !== null && minSide > 0 && maxSide >= minSide;
	return isRange ? { kind: 'range', minSide, maxSide } : { kind: 'free' };
}

/** What a model accepts: as known here, else as its schema says. Where that cannot be read, any size is allowed. */
export async function modelRules(client: AtlasClient, model: string): Promise<ModelRules> {
	const known = knownModel(model);
	if (known) return known;
	const unknown: ModelRules = { sizes: { kind: 'free' }, maxInputImages: MAX_INPUT_IMAGES };
	try {
		const entry = (await readCatalog(client, 2)).find(({ id }) => id === model);
		if (!entry) return unknown;
		const schema = entry.schemaUrl === null ? null : await readSchemaDocument(client, entry.schemaUrl);
		return { ...(schema ? rulesInSchema(schema) : unknown), price: entry.price };
	} catch {
		// Atlas checks the request itself. Only Match Input Image needs the rules, and says so.
		return unknown;
	}
}
