import { createPublicKey, verify, type JsonWebKey } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SandboxOptions } from '../../sandbox';
import { halves, LITE, withSandbox, type Client } from './client';

interface Delivery {
	headers: IncomingHttpHeaders;
	body: string;
}

const OPTIONS: SandboxOptions = {
	preparedPictures: true,
	webhooks: { allowLoopback: true, redeliverAfterSeconds: [0.05, 0.05] },
};

/** Somebody who listens; answers these statuses in turn, then 200. */
async function withListener(
	statuses: number[],
	test: (url: string, deliveries: Delivery[]) => Promise<void>,
): Promise<void> {
	const deliveries: Delivery[] = [];
	const server = createServer((request, response) => {
		const chunks: Buffer[] = [];
		request.on('data', (chunk: Buffer) => chunks.push(chunk));
		request.on('end', () => {
			deliveries.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
			response.writeHead(statuses.shift() ?? 200).end();
		});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	try {
		await test(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, deliveries);
	} finally {
		server.closeAllConnections();
		server.close();
	}
}

async function until(condition: () => boolean): Promise<void> {
	while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function edit(client: Client, webhook_url: string): Promise<string> {
	const images = [await client.uploaded(await halves())];
	const { json } = await client.submit({ model: LITE, prompt: 'nicer', images, webhook_url });
	return String(json['data']!['id']);
}

async function isSigned(client: Client, { headers, body }: Delivery): Promise<boolean> {
	const { json } = await client.get('/api/v1/webhooks/jwks.json', {});
	const keys = json['keys'] as unknown as Array<JsonWebKey & { kid: string }>;
	const key = keys.find(({ kid }) => kid === headers['x-atlascloud-webhook-key-id'])!;
	const signature = Buffer.from(String(headers['x-atlascloud-webhook-signature-ed25519']), 'base64url');
	const signed = Buffer.from(`${String(headers['x-atlascloud-webhook-timestamp'])}.${body}`);
	return verify(null, signed, createPublicKey({ key, format: 'jwk' }), signature);
}

it('delivers a signed event once a task is over', async () => {
	await withSandbox(OPTIONS, async (client, sandbox) => {
		await withListener([], async (url, deliveries) => {
			const id = await edit(client, url);
			await until(() => sandbox.ledger.webhooks.length > 0);
			const [delivery] = deliveries;
			expect(await isSigned(client, delivery!)).toBe(true);
			expect(await isSigned(client, { ...delivery!, body: `${delivery!.body} ` })).toBe(false);
			expect(delivery!.headers).toMatchObject({
				'content-type': 'application/json',
				'x-atlascloud-webhook-event': 'image.task.terminal',
				'x-atlascloud-webhook-signature': expect.stringMatching(/^[0-9a-f]{64}$/) as string,
			});
			const sentAt = Number(delivery!.headers['x-atlascloud-webhook-timestamp']);
			expect(Math.abs(sentAt - Date.now() / 1000)).toBeLessThan(10);
			const body = JSON.parse(delivery!.body) as Record<string, unknown>;
			expect(body).toMatchObject({ session_id: id, event_type: 'image.task.terminal', status: 'OK' });
			expect(body['payload']).toEqual((await client.poll(id)).json['data']);
			expect(sandbox.ledger.webhooks).toEqual([
				{ predictionId: id, url, status: 200, answer: '', atMs: expect.any(Number) as number },
			]);
		});
	});
});

it('delivers again, signed anew under the same id, until it is answered 2xx', async () => {
	await withSandbox(OPTIONS, async (client, sandbox) => {
		await withListener([500, 404], async (url, deliveries) => {
			await edit(client, url);
			await until(() => sandbox.ledger.webhooks.length === 3);
			expect(sandbox.ledger.webhooks.map(({ status }) => status)).toEqual([500, 404, 200]);
			expect(new Set(deliveries.map(({ headers }) => headers['x-atlascloud-webhook-id'])).size).toBe(1);
			for (const delivery of deliveries) expect(await isSigned(client, delivery)).toBe(true);
		});
	});
});

it('gives up after the last delivery', async () => {
	await withSandbox(OPTIONS, async (client, sandbox) => {
		await withListener([500, 500, 500, 500], async (url, deliveries) => {
			await edit(client, url);
			await until(() => sandbox.ledger.webhooks.length === 3);
			await new Promise((resolve) => setTimeout(resolve, 150));
			expect(deliveries).toHaveLength(3);
		});
	});
});

it('sends nothing to another machine', async () => {
	await withSandbox(OPTIONS, async (client, sandbox) => {
		const id = await edit(client, 'https://hooks.example.com/x');
		await client.finished(id);
		await new Promise((resolve) => setTimeout(resolve, 50));
		expect(sandbox.ledger.webhooks).toEqual([]);
	});
});
