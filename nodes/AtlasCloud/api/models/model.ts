import { AtlasError, inputError } from '../errors';
import type { AtlasClient } from '../http/client';
import { isDeleted, openPublicFile } from '../http/publicFile';
import { readAll } from '../http/streams';
import { READ_TIMEOUT_MS } from '../http/http';
import { asArray, asObject, asString, parseJson, type JsonObject } from '../json';
import { memoize } from '../memo';
import { isExpression, labelOf, truncate } from '../text';
import { throwIfAborted } from '../time/clock';
import { MAX_SCHEMA_BYTES, readInputSchema, type ModelField } from './inputSchema';
import { estimateUsd, listPriceOf, type ListPrice } from './prices';
import { isSeedreamEdit, knownModel, rulesInFields, type ModelRules } from './seedream';

const MODEL_TYPES = ['Image', 'Video', 'Audio', 'Text'] as const;

export type ModelType = (typeof MODEL_TYPES)[number];

/** One model of the catalog (docs/atlas-cloud-api.md, Catalog). */
interface CatalogModel {
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

/** Whether a text can be a model's ID. Half a character cannot be part of a URL. */
export function isModelId(text: string): boolean {
	return /^[^\s?#<>"'`\\\p{Cs}]{1,200}$/u.test(text);
}

function toModel(value: unknown): CatalogModel | null {
	const item = asObject(value);
	const id = asString(item?.model);
	if (!item || id === null || !isModelId(id) || isExpression(id)) return null;
	return {
		id,
		name: labelOf(asString(item.displayName) ?? '') || labelOf(id),
		type: MODEL_TYPES.find((type) => type.toLowerCase() === asString(item.type)?.toLowerCase()) ?? null,
		price: listPriceOf(item),
		schemaUrl: asString(item.schema),
		isListed: item.display_console !== false,
	};
}

/** Reads the catalog, without the key. @throws AtlasError (`read`), also for an answer that is none; CancelledError */
export async function readCatalog(client: AtlasClient, maxAttempts?: number): Promise<CatalogModel[]> {
	const answer = await client.read('/api/v1/models', 'read the model catalog', {
		authenticated: false,
		maxAttempts,
		// A broken answer must not look like a catalog that lists nothing.
		isUsable: (json) => Array.isArray(asObject(json)?.data),
	});
	return asArray(asObject(answer.json)?.data).flatMap((item) => toModel(item) ?? []);
}

const MAX_SCHEMA_ATTEMPTS = 2;

/**
 * Reads a model's OpenAPI document, without the key (docs/atlas-cloud-api.md, Catalog).
 * @returns `missing` if Atlas says, as often as it is asked, that there is none; null where it cannot be read
 * @throws CancelledError
 */
async function readSchemaDocument(client: AtlasClient, url: string): Promise<JsonObject | 'missing' | null> {
	let missing = 0;
	for (let attempt = 0; attempt < MAX_SCHEMA_ATTEMPTS; attempt++) {
		const document = await readOnce(client, url).catch(() => null);
		throwIfAborted(client.signal);
		if (document === 'missing') missing++;
		else if (document) return document;
	}
	return missing === MAX_SCHEMA_ATTEMPTS ? 'missing' : null;
}

async function readOnce(client: AtlasClient, url: string): Promise<JsonObject | 'missing' | null> {
	const { http, baseUrl, clock, signal } = client;
	const file = await openPublicFile(http, url, baseUrl, signal);
	const limits = { clock, stallMs: READ_TIMEOUT_MS, signal, maxBytes: MAX_SCHEMA_BYTES };
	const bytes = await readAll(file.body, limits);
	if (await isDeleted(file, bytes)) return 'missing';
	return file.statusCode === 200 ? (asObject(parseJson(bytes.toString('utf8'))) ?? null) : null;
}

/** What the catalog and a model's schema say about it. */
export interface ModelInfo {
	/** Null where the catalog cannot be read, or does not list the model. */
	type: ModelType | null;
	price: ListPrice | null;
	/** Its input fields; null where it has no schema, or that cannot be read. */
	fields: ModelField[] | null;
	/** Whether Atlas has, or may have, a schema that could not be read: the next time it may be there. */
	isUnreadable: boolean;
}

/** Seedream models that take no image, by their IDs: for those without a schema. */
const TEXT_TO_IMAGE = /(^|\/)seedream[^/]*(\/(sequential|text-to-image))?$/i;

/** The catalog is read with few attempts: the models that are known here run without it. */
const MAX_CATALOG_ATTEMPTS = 2;

/**
 * What the catalog and the models' schemas say. Each is read once, when it is first asked for. One that cannot be read
 * counts as unknown from then on, so that a thousand rows do not wait one after another for a service that is down.
 */
export class ModelInfos {
	private catalog: Promise<CatalogModel[] | null> | undefined;

	private readonly infos = new Map<string, Promise<ModelInfo>>();

	constructor(private readonly client: AtlasClient) {}

	/** @throws CancelledError */
	async of(model: string): Promise<ModelInfo> {
		return await memoize(this.infos, model, async () => await this.read(model));
	}

	/**
	 * What a model that edits images accepts: as known here, else as its schema says.
	 * @throws AtlasError (`input`) if the catalog does not list the model, or it edits no images; CancelledError
	 */
	async rulesOf(model: string): Promise<ModelRules> {
		const known = knownModel(model);
		if (known) return known;
		const { type, fields, isUnreadable } = await this.of(model);
		if (type === null) await this.checkListed(model);
		const takesImages =
			isSeedreamEdit(model) ||
			(fields ? fields.some(({ media }) => media?.kind === 'image') : !TEXT_TO_IMAGE.test(model));
		if (takesImages && (type ?? 'Image') === 'Image') return { ...rulesInFields(fields), isUnreadable };
		throw inputError(
			`${model} doesn’t edit images`,
			'Choose a Seedream edit model from the list. To run another model, use the Atlas Cloud Models node.',
		);
	}

	/** @throws AtlasError (`input`) if the catalog was read, and has no such model; it names the nearest one */
	private async checkListed(model: string): Promise<void> {
		const ids = (await this.catalog)?.map(({ id }) => id) ?? [];
		if (ids.length === 0 || ids.includes(model)) return;
		const nearest = ids.reduce((a, b) => (likeness(b, model) > likeness(a, model) ? b : a));
		throw inputError(
			`Atlas Cloud has no model "${truncate(model)}"`,
			`Did you mean ${nearest}? Choose a model from the list, or check the ID.`,
		);
	}

	/** By the list price, in USD, with the model's defaults; null where that is not known. @throws CancelledError */
	async estimateUsd(body: JsonObject & { model: string }): Promise<number | null> {
		const { price: listed, fields, isUnreadable } = await this.of(body.model);
		const known = knownModel(body.model)?.price;
		// The catalog may be newer than what is known here. A paid model is not free because the catalog says so.
		const price = listed?.usd === 0 ? (known ?? listed) : (listed ?? known);
		// A default may ask for several images.
		if (!price || (isUnreadable && !known)) return null;
		const defaults = fields?.map(({ name, defaultValue }) => [name, defaultValue] as const) ?? [];
		return estimateUsd(price, { ...Object.fromEntries(defaults), ...body });
	}

	private async read(model: string): Promise<ModelInfo> {
		this.catalog ??= this.readCatalog();
		const catalog = await this.catalog;
		const entry = catalog?.find(({ id }) => id === model);
		if (!entry) return { type: null, price: null, fields: null, isUnreadable: catalog === null };
		const { type, price, schemaUrl } = entry;
		const document = schemaUrl === null ? 'missing' : await readSchemaDocument(this.client, schemaUrl);
		if (document === 'missing') return { type, price, fields: null, isUnreadable: false };
		const fields = document && readInputSchema(document);
		return { type, price, fields, isUnreadable: fields === null };
	}

	private async readCatalog(): Promise<CatalogModel[] | null> {
		const models = await readCatalog(this.client, MAX_CATALOG_ATTEMPTS).catch(() => null);
		throwIfAborted(this.client.signal);
		return models;
	}
}

/** The models that make files; text models run elsewhere. */
export type MediaModelType = Exclude<ModelType, 'Text'>;

/** Path of the billable request. A model that is sent to another type's is refused (docs/atlas-cloud-api.md, Submit). */
export function endpointOf(type: MediaModelType): string {
	return `/api/v1/model/generate${type}`;
}

/** Without its fields, a request could be billed that is not what was meant, or is bought already. */
export function fieldsUnreadableError(model: string): AtlasError {
	return new AtlasError(`Couldn’t read the fields of ${model} from Atlas Cloud’s catalog`, {
		kind: 'read',
		description: 'Nothing was submitted for this item. Run it again later.',
	});
}

/** How much of two texts is the same, from 0 to 1: by their pairs of letters. */
function likeness(a: string, b: string): number {
	const pairsOf = (text: string) => Array.from({ length: text.length }, (_, i) => text.slice(i, i + 2));
	const [pairs, others] = [pairsOf(a.toLowerCase()), new Set(pairsOf(b.toLowerCase()))];
	return (2 * pairs.filter((pair) => others.has(pair)).length) / (pairs.length + others.size);
}
