import type { AtlasClient } from '../http/client';
import { MAX_SCHEMA_BYTES } from './schemaResolver';
import { asArray, asObject, asString, parseJson, type JsonObject } from '../json';
import { isExpression, labelOf } from '../text';
import { listPriceOf, type ListPrice } from './prices';
import { throwIfAborted } from '../time/clock';
import { isDeleted, openPublicFile } from '../http/publicFile';
import { readAll } from '../http/streams';
import { READ_TIMEOUT_MS } from '../http/timeouts';

export type ModelType = 'Image' | 'Video' | 'Audio' | 'Text';

const MODEL_TYPES: readonly ModelType[] = ['Image', 'Video', 'Audio', 'Text'];

/** One model of the catalog (docs/atlas-cloud-api.md, Catalog). */
export interface CatalogModel {
	id: string;
	name: string;
	/** Null where Atlas names another one, or none. */
	type: ModelType | null;
	/** The list price; null if it is not published. */
	price: ListPrice | null;
	/** URL of its OpenAPI document. */
	schemaUrl: string | null;
	/** False for those that Atlas hides: a list leaves them out, their ID may still be used. */
	isListed: boolean;
}

function toModel(value: unknown): CatalogModel | null {
	const item = asObject(value);
	const id = asString(item?.model);
	if (!item || id === null || isExpression(id)) return null;
	return {
		id,
		name: labelOf(asString(item.displayName) ?? '') || labelOf(id),
		type: typeOf(item.type),
		price: listPriceOf(item),
		schemaUrl: asString(item.schema),
		isListed: item.display_console !== false,
	};
}

function typeOf(value: unknown): ModelType | null {
	const text = asString(value)?.toLowerCase();
	return MODEL_TYPES.find((type) => type.toLowerCase() === text) ?? null;
}

/**
 * Reads the catalog: about 400 models of all vendors. Needs no key, so none is sent.
 * @throws AtlasError (`read`), also for an answer that is no catalog; CancelledError
 */
export async function readCatalog(client: AtlasClient, maxAttempts?: number): Promise<CatalogModel[]> {
	const answer = await client.get('/api/v1/models', 'read the model catalog', {
		authenticated: false,
		maxAttempts,
		// A broken answer must not look like a catalog that lists nothing.
		isUsable: (json) => Array.isArray(asObject(json)?.data),
	});
	return asArray(asObject(answer.json)?.data).flatMap((item) => toModel(item) ?? []);
}

const MAX_ATTEMPTS = 2;

/**
 * Reads a model's OpenAPI document, without the key (docs/atlas-cloud-api.md, Catalog).
 * @returns `missing` if Atlas says, as often as it is asked, that there is none; null where it cannot be read
 * @throws CancelledError
 */
export async function readSchemaDocument(
	client: AtlasClient,
	url: string,
): Promise<JsonObject | 'missing' | null> {
	let missing = 0;
	for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
		const document = await readOnce(client, url).catch(() => null);
		throwIfAborted(client.signal);
		if (document === 'missing') missing++;
		else if (document) return document;
	}
	return missing === MAX_ATTEMPTS ? 'missing' : null;
}

async function readOnce(client: AtlasClient, url: string): Promise<JsonObject | 'missing' | null> {
	const { clock, signal } = client;
	const file = await openPublicFile(client.http, url, client.baseUrl, signal);
	const bytes = await readAll(file.body, {
		clock,
		stallMs: READ_TIMEOUT_MS,
		signal,
		maxBytes: MAX_SCHEMA_BYTES,
	});
	if (await isDeleted(file, bytes)) return 'missing';
	return file.statusCode === 200 ? (asObject(parseJson(bytes.toString('utf8'))) ?? null) : null;
}
