import type { IncomingMessage } from 'node:http';
import multipart from '@fastify/multipart';
import type { FastifyInstance } from 'fastify';
import { fastifyRequests } from './routes';
import type { UploadPart } from './uploads';

/** Files of requests that came by no socket. */
const ownParts = new WeakMap<object, UploadPart>();

/** Gives a request that came by no socket the file that it uploads. */
export function setUploadPart(request: object, part: UploadPart): void {
	ownParts.set(request, part);
}

/** The first part that is a file; undefined where there is none. */
export async function uploadPart(raw: IncomingMessage): Promise<UploadPart | undefined> {
	const request = fastifyRequests.get(raw);
	if (!request?.isMultipart()) return ownParts.get(raw);
	try {
		const part = await request.file();
		if (!part) return undefined;
		const { fieldname, filename, mimetype, file } = part;
		return { fieldName: fieldname, fileName: filename ?? '', contentType: mimetype, stream: file };
	} catch {
		return undefined;
	}
}

/** Lets Fastify take uploads apart. */
export async function takeMultipart(app: FastifyInstance): Promise<void> {
	app.removeAllContentTypeParsers();
	// Bodies are read by the handlers: a 413 or a fault is not Fastify's to decide.
	app.addContentTypeParser('*', (_request, _payload, done) => done(null));
	await app.register(multipart, { limits: { fileSize: Infinity, files: 1 } });
}
