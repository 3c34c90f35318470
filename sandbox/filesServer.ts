import { json, Refusal, type Answer } from './answers';
import { schemaAt } from './schemas';
import type { Call, Stage } from './conversation';
import type { FileStore } from './fileStore';
import { Routes } from './routes';

/** The storage host: uploads, outputs and the models' schemas. Its origin is not the API's, and it needs no key. */
export function filesRoutes(stage: Stage, files: FileStore): Routes {
	const routes = new Routes(stage, { work: notFound });
	routes.add(['GET', 'HEAD'], '/model/schema/*', 'schema', { work: schema });
	routes.add(['GET', 'HEAD'], '/*', 'file', { work: async (call) => await file(call, stage, files) });
	return routes;
}

function notFound(): never {
	throw new Refusal(404, 'not found');
}

function schema({ path }: Call): Answer {
	return json(schemaAt(path) ?? notFound());
}

async function file({ path }: Call, { clock }: Stage, files: FileStore): Promise<Answer> {
	const stored = files.find(path, clock.nowMs()) ?? notFound();
	const made = await stored.made;
	return { status: 200, body: { kind: 'file', ...made, contentType: stored.contentType } };
}
