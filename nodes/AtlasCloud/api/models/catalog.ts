import type { AtlasClient } from '../http/client';
import { openPublicFile } from '../http/publicFile';
import { asArray, asNumber, asObject, asString, parseJson, type JsonObject } from '../json';
import { knownModel, MAX_INPUT_IMAGES } from './models';
import { readAll } from '../http/streams';
import { READ_TIMEOUT_MS } from '../http/timeouts';
import { parseSize, type Dimensions, type SizeRule } from './sizes';

/** One model of the catalog [C]. */
export interface CatalogModel {
	id: string;
	name: string;
	/** Price of one run; null where it is not told. */
	priceUsd: number | null;
	/** URL of its OpenAPI document. */
	schemaUrl: string | null;
	/** As the catalog has it; its unit is not documented. */
	averageLatency: number | null;
}

/** Whether a model edits pictures with Seedream. */
export function isSeedreamEdit(id: string): boolean {
	return /(^|\/)seedream[^/]*\/edit(-sequential)?$/i.test(id);
}

function toModel(value: unknown): CatalogModel | null {
	const item = asObject(value);
	const id = asString(item?.model);
	if (!item || id === null || item.display_console === false) return null;
	const price = asObject(item.price);
	const actual = asObject(price?.actual);
	return {
		id,
		name: asString(item.displayName) ?? id,
		priceUsd: asNumber(actual?.base_price) ?? asNumber(price?.base_price),
		schemaUrl: asString(item.schema),
		averageLatency: asNumber(item.avgLatency),
	};
}

/**
 * The models that may be shown, of all vendors: about 400. Needs no key [C], so none is sent.
 * @throws AtlasError (`read`)
 */
export async function readCatalog(client: AtlasClient, maxAttempts?: number): Promise<CatalogModel[]> {
	const answer = await client.get('/api/v1/models', 'read the model catalog', {
		authenticated: false,
		maxAttempts,
	});
	return asArray(asObject(answer.json)?.data).flatMap((item) => toModel(item) ?? []);
}

/** What a model's schema says about its input. */
export interface ModelRules {
	sizes: SizeRule;
	maxInputImages: number;
	/** List price of one picture, where it is known. */
	priceUsd?: number | null;
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

/** Input rules in an OpenAPI document: `components.schemas.Input.properties` [C]. */
export function rulesInSchema(schema: JsonObject): ModelRules {
	const input = asObject(asObject(asObject(schema.components)?.schemas)?.Input);
	const properties = asObject(input?.properties) ?? {};
	const size = asObject(properties.size) ?? {};
	const listed = asArray(size.enum).flatMap((text): Dimensions[] => {
		const parsed = typeof text === 'string' ? parseSize(text) : null;
		return parsed ? [parsed] : [];
	});
	const minSide = asNumber(size.minimum);
	const maxSide = asNumber(size.maximum);
	const sizes: SizeRule =
		listed.length > 0
			? { kind: 'list', sizes: listed }
			: minSide !== null && maxSide !== null && minSide > 0 && maxSide >= minSide
				? { kind: 'range', minSide, maxSide }
				: { kind: 'free' };
	return { sizes, maxInputImages: asNumber(asObject(properties.images)?.maxItems) ?? MAX_INPUT_IMAGES };
}

/**
 * What a model takes: known here, or else read from its schema. Where that cannot be read, its sizes are `free`.
 */
export async function modelRules(client: AtlasClient, model: string): Promise<ModelRules> {
	const known = knownModel(model);
	if (known) return known;
	const unknown: ModelRules = { sizes: { kind: 'free' }, maxInputImages: MAX_INPUT_IMAGES };
	try {
		const entry = (await readCatalog(client, 2)).find(({ id }) => id === model);
		if (!entry) return unknown;
		const schema = entry.schemaUrl === null ? null : await readSchema(client, entry.schemaUrl);
		return { ...(schema ? rulesInSchema(schema) : unknown), priceUsd: entry.priceUsd };
	} catch {
		// Atlas judges the request itself; only Match Input Image needs to know, and says so.
		return unknown;
	}
}
