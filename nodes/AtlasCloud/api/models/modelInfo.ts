import { throwIfAborted } from '../flow/clock';
import type { AtlasClient } from '../http/client';
import { readCatalog, type CatalogModel, type ModelType } from './catalog';
import { readInputSchema, type ModelField } from './inputSchema';
import type { ListPrice } from './prices';
import { readSchemaDocument } from './schemas';

/** What the catalog and a model's schema say about it. */
export interface ModelInfo {
	/** Null where the catalog cannot be read, or does not list the model. */
	type: ModelType | null;
	price: ListPrice | null;
	/** Its input fields; null where its schema cannot be read. */
	fields: ModelField[] | null;
}

/** A catalog is read with few attempts: a model given by its ID runs without it, too. */
const MAX_CATALOG_ATTEMPTS = 2;

/**
 * The models of the catalog.
 * @returns null where it cannot be read
 * @throws CancelledError
 */
export async function readCatalogIfPossible(client: AtlasClient): Promise<CatalogModel[] | null> {
	const models = await readCatalog(client, MAX_CATALOG_ATTEMPTS).catch(() => null);
	throwIfAborted(client.signal);
	return models;
}

/**
 * Reads what is known of a model. Whatever cannot be read is null.
 * @param catalog null where it cannot be read
 * @throws CancelledError
 */
export async function readModelInfo(
	client: AtlasClient,
	model: string,
	catalog: CatalogModel[] | null,
): Promise<ModelInfo> {
	const entry = catalog?.find(({ id }) => id === model);
	if (!entry) return { type: null, price: null, fields: null };
	const { type, price, schemaUrl } = entry;
	const document = schemaUrl === null ? null : await readSchemaDocument(client, schemaUrl);
	return { type, price, fields: document && readInputSchema(document) };
}

/** The models that make files; text models run elsewhere. */
export type MediaModelType = Exclude<ModelType, 'Text'>;

const ENDPOINTS: Record<MediaModelType, string> = {
	Image: '/api/v1/model/generateImage',
	Video: '/api/v1/model/generateVideo',
	Audio: '/api/v1/model/generateAudio',
};

/** Path of the billable request. A model that is sent to another type's is refused (docs/atlas-cloud-api.md, Submit). */
export function endpointOf(type: MediaModelType): string {
	return ENDPOINTS[type];
}
