import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { json, Refusal, type Answer } from './answers';
import { schemaAt } from './schemas';
import { converse, type Call, type Handler, type Stage } from './conversation';
import type { FileStore } from './fileStore';
import type { Origin } from './origin';
import type { Endpoint } from './types';

/** The storage host: uploads, outputs and the models' schemas. Its origin is not the API's, and it needs no key. */
export async function buildFilesServer(origin: Origin, stage: Stage, files: FileStore): Promise<void> {
	const app = Fastify({ serverFactory: (listener) => origin.createServer(listener) });
	const route = (url: string, endpoint: Endpoint, handler: Handler): void => {
		app.route({
			method: ['GET', 'HEAD'],
			url,
			handler: async (request: FastifyRequest, reply: FastifyReply) => {
				reply.hijack();
				await converse(stage, endpoint, request.raw, reply.raw, handler);
			},
		});
	};
	route('/model/schema/*', 'schema', { work: schema });
	route('/*', 'file', { work: async (call) => await file(call, stage, files) });
	await app.ready();
}

function schema({ path }: Call): Answer {
	const document = schemaAt(path);
	if (!document) throw new Refusal(404, 'not found');
	return json(document);
}

async function file({ path }: Call, { clock }: Stage, files: FileStore): Promise<Answer> {
	const stored = files.find(path, clock.nowMs());
	if (!stored) throw new Refusal(404, 'not found');
	const made = await stored.made;
	return { status: 200, body: { kind: 'file', ...made, contentType: stored.contentType } };
}
