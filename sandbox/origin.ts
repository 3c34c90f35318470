import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

const HOST = '127.0.0.1';

/** One of the two hosts: it can vanish with all its connections and come back on the same port. */
export class Origin {
	private server: Server | undefined;
	private readonly sockets = new Set<Socket>();
	private port: number;

	constructor(port: number) {
		this.port = port;
	}

	/** For Fastify's `serverFactory`: the server is ours to open and close. */
	createServer(listener: RequestListener): Server {
		const server = createServer({ requestTimeout: 0, keepAliveTimeout: 65_000 }, listener);
		server.on('connection', (socket) => {
			this.sockets.add(socket);
			socket.once('close', () => this.sockets.delete(socket));
			socket.on('error', () => undefined);
		});
		this.server = server;
		return server;
	}

	get url(): string {
		return `http://${HOST}:${this.port}`;
	}

	async open(): Promise<void> {
		const { server } = this;
		if (!server) throw new Error('createServer() comes first');
		await new Promise<void>((resolve, reject) => {
			server.once('error', reject);
			server.listen(this.port, HOST, () => {
				server.off('error', reject);
				resolve();
			});
		});
		this.port = (server.address() as AddressInfo).port;
	}

	/** Resets every connection, also those that hang. */
	async close(): Promise<void> {
		const { server } = this;
		if (!server?.listening) return;
		const closed = new Promise<void>((resolve) => server.close(() => resolve()));
		for (const socket of this.sockets) socket.resetAndDestroy();
		await closed;
	}
}
