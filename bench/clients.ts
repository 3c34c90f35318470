/* What the node is measured against: the same work without n8n. */
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';
import { Agent, FormData, request } from 'undici';
import { photo } from './photos';
import type { BenchSandbox } from './sandbox';

/** The request body that the node sends for a 600 × 400 photo. */
const BODY = { model: 'bytedance/seedream-v5.0-lite/edit', size: '2496*1664' };

interface Prediction {
	id: string;
	status: string;
	outputs: string[];
}

class BareClient {
	private readonly dispatcher = new Agent({ connections: null });

	constructor(
		private readonly sandbox: BenchSandbox,
		private readonly folder: string,
	) {}

	private async call(method: 'GET' | 'POST', path: string, body?: string | FormData): Promise<unknown> {
		const { statusCode, body: answer } = await request(`${this.sandbox.baseUrl}${path}`, {
			dispatcher: this.dispatcher,
			method,
			headers: {
				authorization: `Bearer ${this.sandbox.apiKey}`,
				...(typeof body === 'string' ? { 'content-type': 'application/json' } : {}),
			},
			...(body === undefined ? {} : { body }),
		});
		const text = await answer.text();
		if (statusCode !== 200) throw new Error(`The sandbox answered ${statusCode} to ${path}: ${text}`);
		return (JSON.parse(text) as { data: unknown }).data;
	}

	async upload(index: number): Promise<string> {
		const form = new FormData();
		form.append('file', new File([photo(index)], `photo-${index}.jpg`, { type: 'image/jpeg' }));
		const data = await this.call('POST', '/api/v1/model/uploadMedia', form);
		return (data as { download_url: string }).download_url;
	}

	async submit(index: number, image: string): Promise<string> {
		const body = { ...BODY, prompt: `edit number ${index}`, images: [image] };
		const data = await this.call('POST', '/api/v1/model/generateImage', JSON.stringify(body));
		return (data as Prediction).id;
	}

	async poll(predictionId: string): Promise<Prediction> {
		return (await this.call('GET', `/api/v1/model/prediction/${predictionId}`)) as Prediction;
	}

	async download(index: number, { outputs }: Prediction): Promise<void> {
		const { statusCode, body } = await request(outputs[0], { dispatcher: this.dispatcher });
		if (statusCode !== 200) throw new Error(`The sandbox answered ${statusCode} to a download`);
		await pipeline(body, createWriteStream(join(this.folder, `edited-${index}.png`)));
	}

	async close(): Promise<void> {
		await this.dispatcher.close();
	}
}

async function timed(sandbox: BenchSandbox, work: (client: BareClient) => Promise<void>): Promise<number> {
	const folder = await mkdtemp(join(tmpdir(), 'seedream-bench-'));
	const client = new BareClient(sandbox, folder);
	try {
		const startedMs = performance.now();
		await work(client);
		return performance.now() - startedMs;
	} finally {
		await client.close();
		await rm(folder, { recursive: true, force: true });
	}
}

/**
 * As good as a client can be: connections kept open, eight uploads ahead, every place taken again at once, one poll of
 * each prediction at the very moment that it is done, downloads beside it all.
 * @returns milliseconds
 */
export async function bareClientMs(
	sandbox: BenchSandbox,
	items: number,
	concurrency: number,
): Promise<number> {
	return await timed(sandbox, async (client) => {
		const ahead = pLimit(8);
		const places = pLimit(concurrency);
		const one = async (index: number): Promise<void> => {
			const image = await ahead(async () => await client.upload(index));
			const predictionId = await places(async () => {
				const id = await client.submit(index, image);
				await sandbox.whenDone(id);
				return id;
			});
			await client.download(index, await client.poll(predictionId));
		};
		await Promise.all(Array.from({ length: items }, async (_, index) => await one(index)));
	});
}

/** The usual way: one item after another, a poll every two seconds. @returns milliseconds */
export async function usualWayMs(sandbox: BenchSandbox, items: number): Promise<number> {
	return await timed(sandbox, async (client) => {
		for (let index = 0; index < items; index++) {
			const predictionId = await client.submit(index, await client.upload(index));
			let prediction: Prediction;
			do {
				await delay(2_000);
				prediction = await client.poll(predictionId);
			} while (prediction.status !== 'completed');
			await client.download(index, prediction);
		}
	});
}
