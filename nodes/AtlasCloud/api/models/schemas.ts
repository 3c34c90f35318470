import { throwIfAborted } from '../flow/clock';
import type { AtlasClient } from '../http/client';
import { openPublicFile } from '../http/publicFile';
import { readAll } from '../http/streams';
import { READ_TIMEOUT_MS } from '../http/timeouts';
import { asObject, parseJson, type JsonObject } from '../json';

const MAX_SCHEMA_BYTES = 2_000_000;

const MAX_ATTEMPTS = 2;

/**
 * Reads a model's OpenAPI document, without the key (docs/atlas-cloud-api.md, Catalogue).
 * @returns null where it cannot be read
 * @throws CancelledError
 */
export async function readSchemaDocument(client: AtlasClient, url: string): Promise<JsonObject | null> {
	for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
		const document = await readOnce(client, url).catch(() => null);
		throwIfAborted(client.signal);
		if (document) return document;
	}
	return null;
}

async function readOnce(client: AtlasClient, url: string): Promise<JsonObject | null> {
	const { clock, signal } = client;
	const { body, statusCode } = await openPublicFile(client.http, url, client.baseUrl, signal);
	const bytes = await readAll(body, {
		clock,
		stallMs: READ_TIMEOUT_MS,
		signal,
		maxBytes: MAX_SCHEMA_BYTES,
	});
	return statusCode === 200 ? (asObject(parseJson(bytes.toString('utf8'))) ?? null) : null;
}
