import type { IncomingMessage, ServerResponse } from 'node:http';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { converse, type Handler, type Stage } from './conversation';
import type { Endpoint } from './types';

interface Route {
	methods: string[];
	/** As Fastify has it. */
	url: string;
	endpoint: Endpoint | 'other';
	handler: Handler;
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** Requests that came by a socket, as Fastify has them. */
export const fastifyRequests = new WeakMap<IncomingMessage, FastifyRequest>();

/** What an origin answers: to sockets by Fastify, which starts with the first of them, and to this process past it. */
export class Routes {
	private readonly routes: Array<Route & { pattern: RegExp }> = [];

	/**
	 * @param lost answers where there is no route
	 * @param extend adds to Fastify what takes bodies apart
	 */
	constructor(
		private readonly stage: Stage,
		private readonly lost: Handler,
		private readonly extend: (app: FastifyInstance) => Promise<void> = async () => {},
	) {}

	add(methods: string[], url: string, endpoint: Endpoint, handler: Handler): void {
		const pattern = url.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll(/:\w+/g, '[^/]+');
		this.routes.push({ methods, url, endpoint, handler, pattern: new RegExp(`^${pattern}$`) });
	}

	/** For requests by a socket. */
	listener(): Listener {
		let started: Promise<FastifyInstance> | undefined;
		return (request, response) => {
			started ??= this.start();
			void started.then((app) => app.routing(request, response));
		};
	}

	/** For requests from this process. */
	async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const { method = '', url = '/' } = request;
		const [path = '/'] = url.split('?', 1);
		const route = this.routes.find(({ methods, pattern }) => methods.includes(method) && pattern.test(path));
		await this.answer(route, request, response);
	}

	private async answer(
		route: Route | undefined,
		request: IncomingMessage,
		response: ServerResponse,
	): Promise<void> {
		const { endpoint, handler } = route ?? { endpoint: 'other', handler: this.lost };
		await converse(this.stage, endpoint, request, response, handler);
	}

	private async start(): Promise<FastifyInstance> {
		const app = Fastify({
			exposeHeadRoutes: false,
			routerOptions: { maxParamLength: 2000 },
			frameworkErrors: (_error, request, reply) => {
				reply.hijack();
				void this.answer(undefined, request.raw, reply.raw);
			},
		});
		await this.extend(app);
		for (const route of this.routes)
			app.route({
				method: route.methods,
				url: route.url,
				handler: async (request, reply) => {
					reply.hijack();
					fastifyRequests.set(request.raw, request);
					await this.answer(route, request.raw, reply.raw);
				},
			});
		app.setNotFoundHandler(async (request, reply) => {
			reply.hijack();
			await this.answer(undefined, request.raw, reply.raw);
		});
		await app.ready();
		return app;
	}
}
