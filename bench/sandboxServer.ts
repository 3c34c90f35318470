/* Stand-in Atlas Clouds in a process of their own, so that neither their CPU nor their memory counts as the node's. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { startSandbox, type Sandbox, type SandboxOptions } from '../sandbox';
import type { LedgerSummary } from './sandbox';

const sandboxes = new Map<string, Sandbox>();

function sandboxOf(url: URL): Sandbox {
	const sandbox = sandboxes.get(url.searchParams.get('sandbox') ?? '');
	if (!sandbox) throw new Error('There is no such sandbox');
	return sandbox;
}

function summaryOf({ ledger }: Sandbox): LedgerSummary {
	const calls: LedgerSummary['calls'] = {};
	for (const { endpoint, status } of ledger.requests) {
		const call = (calls[endpoint] ??= { all: 0, refused: 0 });
		call.all++;
		if (status === 429) call.refused++;
	}
	const predictions = [...ledger.predictions.values()].map(
		({ id, createdAtMs, startedAtMs, completedAtMs, status }) => {
			return { id, createdAtMs, startedAtMs, completedAtMs, status };
		},
	);
	return { calls, predictions, maxRunning: ledger.maxRunning };
}

/** The perfect view: answers as soon as the prediction is done. */
async function whenDone(sandbox: Sandbox, predictionId: string): Promise<void> {
	const prediction = sandbox.ledger.predictions.get(predictionId);
	while (prediction && prediction.completedAtMs === null) await delay(1);
}

async function textOf(request: IncomingMessage): Promise<string> {
	const chunks: Buffer[] = [];
	for await (const chunk of request) chunks.push(chunk as Buffer);
	return Buffer.concat(chunks).toString('utf8');
}

async function answerTo(request: IncomingMessage): Promise<unknown> {
	const url = new URL(request.url ?? '/', 'http://localhost');
	switch (url.pathname) {
		case '/open': {
			const sandbox = await startSandbox(JSON.parse(await textOf(request)) as SandboxOptions);
			const { baseUrl, apiKey } = sandbox;
			sandboxes.set(baseUrl, sandbox);
			return { baseUrl, apiKey };
		}
		case '/done':
			return await whenDone(sandboxOf(url), url.searchParams.get('prediction') ?? '');
		case '/ledger':
			return summaryOf(sandboxOf(url));
		case '/update':
			return sandboxOf(url).setOptions(JSON.parse(await textOf(request)) as SandboxOptions);
		case '/close': {
			const sandbox = sandboxOf(url);
			sandboxes.delete(sandbox.baseUrl);
			return await sandbox.close();
		}
		default:
			throw new Error(`Unknown: ${url.pathname}`);
	}
}

function answer(request: IncomingMessage, response: ServerResponse): void {
	answerTo(request).then(
		(value) => response.end(JSON.stringify(value ?? null)),
		(error: unknown) => response.writeHead(500).end(String(error)),
	);
}

const server = createServer(answer).listen(0, '127.0.0.1', () => {
	process.send?.({ port: (server.address() as AddressInfo).port });
});

async function end(): Promise<void> {
	await Promise.all([...sandboxes.values()].map(async (sandbox) => await sandbox.close()));
	process.exit(0);
}

process.once('disconnect', () => void end());
