import { Agent, FormData, request } from 'undici';
import type { Sandbox } from '../../sandbox';
import * as pictures from '../engine/pictures';

export const LITE = 'bytedance/seedream-v5.0-lite/edit';
export const V4 = 'bytedance/seedream-v4/edit';

/** Undici would not wait for a test's end otherwise. */
const agent = new Agent({ connectTimeout: 2000 });

export interface Reply {
	status: number;
	bytes: Buffer;
	text: string;
	/** Whatever the answer's JSON is; tests know what they look for. */
	json: Json;
}

export interface Json {
	[key: string]: Json;
	[index: number]: Json;
}

type Call = Omit<NonNullable<Parameters<typeof request>[1]>, 'dispatcher'>;

export async function call(url: string, options: Call = {}): Promise<Reply> {
	const answer = await request(url, { ...options, dispatcher: agent });
	const bytes = Buffer.from(await answer.body.arrayBuffer());
	const text = bytes.toString('utf8');
	let parsed: unknown;
	try {
		parsed = JSON.parse(text);
	} catch {
		parsed = undefined;
	}
	return { status: answer.statusCode, bytes, text, json: parsed as Json };
}

/** A small client of one sandbox. It knows nothing of retries. */
export class Client {
	constructor(readonly sandbox: Sandbox) {}

	private get key(): Record<string, string> {
		return { authorization: `Bearer ${this.sandbox.apiKey}` };
	}

	async get(path: string): Promise<Reply> {
		return await call(this.sandbox.baseUrl + path, { headers: this.key });
	}

	async uploaded(bytes: Buffer, name = 'photo.png'): Promise<string> {
		const body = new FormData();
		body.set('file', new Blob([bytes], { type: 'image/png' }), name);
		const url = `${this.sandbox.baseUrl}/api/v1/model/uploadMedia`;
		const { json } = await call(url, { method: 'POST', headers: this.key, body });
		return String(json['data']!['download_url']);
	}

	async post(path: string, body: object | string): Promise<Reply> {
		return await call(`${this.sandbox.baseUrl}/api/v1/model/${path}`, {
			method: 'POST',
			headers: { ...this.key, 'content-type': 'application/json' },
			body: typeof body === 'string' ? body : JSON.stringify(body),
		});
	}

	/** Submits and waits; the data of the finished prediction. */
	async generate(type: 'Image' | 'Video' | 'Audio', body: object): Promise<Json> {
		const submitted = await this.post(`generate${type}`, body);
		if (submitted.status !== 200) throw new Error(submitted.text);
		return await this.finished(String(submitted.json['data']!['id']));
	}

	private async finished(id: string): Promise<Json> {
		for (;;) {
			const data = (await this.get(`/api/v1/model/prediction/${id}`)).json['data'];
			// A failure told as HTTP 500 has no times.
			if (data?.['completed_at'] || String(data?.['status']) === 'failed') return data!;
			await new Promise((resolve) => setTimeout(resolve, 10));
		}
	}
}

/** Left half red, right half blue. */
export async function halves(width = 300, height = 200): Promise<Buffer> {
	return await pictures.picture({ width, height });
}

export async function plain(color: string, width = 64, height = 64): Promise<Buffer> {
	return await pictures.picture({ width, height, left: color, right: color });
}
