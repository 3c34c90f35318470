/* A listener for Atlas Cloud’s call. Whoever runs this makes it reachable: a tunnel from a public URL to its port. */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { isGenuine, readKeySet } from '../../nodes/AtlasCloud/api/webhooks/signature';
import { asObject } from '../../nodes/AtlasCloud/api/json';
import type { LiveApi, LiveClock } from './api';
import { factsOf, seconds, type Fact } from './facts';
import type { Watched } from './prediction';

const TOPIC = 'Webhook';

interface Delivery {
	headers: IncomingHttpHeaders;
	rawBody: Buffer;
	atMs: number;
}

export class WebhookListener {
	private readonly deliveries: Delivery[] = [];

	private constructor(
		private readonly server: Server,
		private readonly clock: LiveClock,
	) {}

	/** Answers 500 once, to see the second delivery, and 200 from then on. */
	static async start(port: number, clock: LiveClock): Promise<WebhookListener> {
		const server = createServer();
		const listener = new WebhookListener(server, clock);
		server.on('request', (request, response) => {
			const chunks: Buffer[] = [];
			request.on('data', (chunk: Buffer) => chunks.push(chunk));
			request.on('end', () => {
				const { headers } = request;
				listener.deliveries.push({ headers, rawBody: Buffer.concat(chunks), atMs: clock.nowMs() });
				response.writeHead(listener.deliveries.length === 1 ? 500 : 200).end();
			});
		});
		await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, resolve));
		return listener;
	}

	/** Waits for both deliveries, and says what they were. */
	async check(api: LiveApi, watched: Watched, waitSeconds: number): Promise<Fact[]> {
		const giveUpMs = this.clock.nowMs() + waitSeconds * 1000;
		while (this.deliveries.length < 2 && this.clock.nowMs() < giveUpMs) await this.clock.sleepMs(500);
		const [first, second] = this.deliveries;
		if (!first) {
			return factsOf(TOPIC, ['When does the call come?', 'at the end', `not within ${waitSeconds} s`]);
		}
		const keys = readKeySet((await api.call('/api/v1/webhooks/jwks.json', { withKey: false })).json);
		const body = asObject(JSON.parse(first.rawBody.toString('utf8')));
		const endMs = watched.submit.atMs + (watched.endedMs ?? 0);
		return factsOf(
			TOPIC,
			[
				'When does the call come?',
				'at the end',
				first.atMs > endMs ? `${seconds(first.atMs - endMs)} after a poll told` : 'before a poll told',
			],
			[
				'Is its Ed25519 signature right?',
				'yes',
				isGenuine(first, keys, first.atMs) ? 'yes' : `no, with ${keys.size} keys known`,
			],
			['Does `session_id` name the prediction?', 'yes', body?.session_id === watched.id ? 'yes' : 'no'],
			[
				'Which fields are in the body?',
				'session_id, event_type, status, payload, error',
				Object.keys(body ?? {}).join(', '),
			],
			[
				'When does it come again after a 500?',
				'',
				second ? `${seconds(second.atMs - first.atMs)}` : `not within ${waitSeconds} s`,
			],
			[
				'Is a second one the same, to the byte?',
				'yes',
				second ? (second.rawBody.equals(first.rawBody) ? 'yes' : 'no') : 'not known',
			],
		);
	}

	close(): void {
		this.server.closeAllConnections();
		this.server.close();
	}
}
