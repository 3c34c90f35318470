import type { AtlasClient } from '../http/client';
import { openPublicFile } from '../http/publicFile';
import { asArray, asNumber, asObject, asString, parseJson, type JsonObject } from '../json';
import { knownModel, MAX_INPUT_IMAGES } from './models';
import { listPriceOf, type ListPrice } from './prices';
import { readAll } from '../http/streams';
import { READ_TIMEOUT_MS } from '../http/timeouts';
import { parseSize, type SizeRule } from './sizes';

/** One model of the catalog (docs/atlas-cloud-api.md, Catalogue). */
export interface CatalogModel {
	id: string;
	name: string;
	/** Null if it is not published. */
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
		price: listPriceOf(item),
		schemaUrl: asString(item.schema),
	};
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

const MAX_SCHEMA_BYTES = 2_000_000;

async function readSchema(client: AtlasClient, url: string): Promise<JsonObject | null> {
	const { body, statusCode } = await openPublicFile(client.http, url, client.baseUrl, client.signal);
	const { clock, signal } = client;
	const bytes = await readAll(body, {
		clock,
		stallMs: READ_TIMEOUT_MS,
		signal,
		maxBytes: MAX_SCHEMA_BYTES,
	});
	return statusCode === 200 ? (asObject(parseJson(bytes.toString('utf8'))) ?? null) : null;
}

/** Reads the rules in a model's OpenAPI document (docs/atlas-cloud-api.md, Catalogue). */
export function rulesInSchema(schema: JsonObject): ModelRules {
	const input = asObject(asObject(asObject(schema.components)?.schemas)?.Input);
	const properties = asObject(input?.properties) ?? {};
	return {
		sizes: sizeRuleOf(asObject(properties.size) ?? {}),
		maxInputImages: asNumber(asObject(properties.images)?.maxItems) ?? MAX_INPUT_IMAGES,
	};
}

function sizeRuleOf(size: JsonObject): SizeRule {
	const sizes = asArray(size.enum).flatMap((text) => (typeof text === 'string' && parseSize(text)) || []);
	if (sizes.length > 0) return { kind: 'list', sizes };
	const minSide = asNumber(size.minimum);
	const maxSide = asNumber(size.maximum);
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
		const schema = entry.schemaUrl === null ? null : await readSchema(client, entry.schemaUrl);
		return { ...(schema ? rulesInSchema(schema) : unknown), price: entry.price };
	} catch {
		// Atlas checks the request itself. Only Match Input Image needs the rules, and says so.
		return unknown;
	}
}
