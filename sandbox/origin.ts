import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Routes } from './routes';

const HOST = '127.0.0.1';

/** What is closed with an origin. */
interface Connection {
	resetAndDestroy(): unknown;
}

/** The origins of this process that are open, by their URL. */
const openOrigins = new Map<string, Origin>();

/** The open origin of this process that a URL leads to. */
export function originAt(url: string): Origin | undefined {
	// Every request asks: to parse the URL would take longer than the rest.
	return openOrigins.get(url.slice(0, url.indexOf('/', 'http://'.length)));
}

/** One of the two hosts: it can vanish with all its connections and come back on the same port. */
export class Origin {
	private server: Server | undefined;
	/** Those in use; `inProcess.ts` adds its own. */
	readonly connections = new Set<Connection>();
	private routes: Routes | undefined;
	private port: number;

	constructor(port: number) {
		this.port = port;
	}

	serve(routes: Routes): void {
		const server = createServer({ requestTimeout: 0, keepAliveTimeout: 65_000 }, routes.listener());
		server.on('connection', (socket) => {
			this.connections.add(socket);
			socket.once('close', () => this.connections.delete(socket));
			socket.on('error', () => undefined);
		});
		this.server = server;
		this.routes = routes;
	}

	get url(): string {
		return `http://${HOST}:${this.port}`;
	}

	async open(): Promise<void> {
		const { server } = this;
		if (!server) throw new Error('serve() comes first');
		await new Promise<void>((resolve, reject) => {
			server.once('error', reject);
			server.listen(this.port, HOST, () => {
				server.off('error', reject);
				resolve();
			});
		});
		this.port = (server.address() as AddressInfo).port;
		openOrigins.set(this.url, this);
	}

	/** Has a request answered that came by no socket. */
	async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
		await this.routes?.serve(request, response);
	}

	/** Resets every connection, also those that hang. */
	async close(): Promise<void> {
		const { server } = this;
		if (!server?.listening) return;
		openOrigins.delete(this.url);
		const closed = new Promise<void>((resolve) => server.close(() => resolve()));
		for (const connection of this.connections) connection.resetAndDestroy();
		await closed;
	}
}
