import { Agent, request } from 'undici';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../sandbox';
import * as pictures from '../engine/pictures';

export const LITE = 'bytedance/seedream-v5.0-lite/edit';
export const V4 = 'bytedance/seedream-v4/edit';

/** Undici would not wait for a test's end otherwise. */
const agent = new Agent({ connectTimeout: 2000 });

export interface Reply {
	status: number;
	headers: Record<string, string | string[] | undefined>;
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
	return { status: answer.statusCode, headers: answer.headers, bytes, text, json: parsed as Json };
}

/** A small client of one sandbox. It knows nothing of retries. */
export class Client {
	constructor(readonly sandbox: Sandbox) {}

	private get key(): Record<string, string> {
		return { authorization: `Bearer ${this.sandbox.apiKey}` };
	}

	async get(path: string, headers: Record<string, string> = this.key): Promise<Reply> {
		return await call(this.sandbox.baseUrl + path, { headers });
	}

	async upload(bytes: Buffer, name: string, part = 'file'): Promise<Reply> {
		const boundary = 'boundary-of-a-test';
		const head = `--${boundary}\r\ncontent-disposition: form-data; name="${part}"; filename="${name}"\r\ncontent-type: image/png\r\n\r\n`;
		return await call(`${this.sandbox.baseUrl}/api/v1/model/uploadMedia`, {
			method: 'POST',
			headers: { ...this.key, 'content-type': `multipart/form-data; boundary=${boundary}` },
			body: Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]),
		});
	}

	async uploaded(bytes: Buffer, name = 'photo.png'): Promise<string> {
		return String((await this.upload(bytes, name)).json['data']!['download_url']);
	}

	async submit(body: unknown, headers: Record<string, string> = {}): Promise<Reply> {
		return await call(`${this.sandbox.baseUrl}/api/v1/model/generateImage`, {
			method: 'POST',
			headers: { ...this.key, 'content-type': 'application/json', ...headers },
			body: typeof body === 'string' ? body : JSON.stringify(body),
		});
	}

	async poll(id: string): Promise<Reply> {
		return await this.get(`/api/v1/model/prediction/${id}`);
	}

	/** Submits and waits; the data of the finished prediction. */
	async edit(body: object): Promise<Json> {
		const submitted = await this.submit(body);
		if (submitted.status !== 200) throw new Error(submitted.text);
		return await this.finished(String(submitted.json['data']!['id']));
	}

	async finished(id: string): Promise<Json> {
		for (;;) {
			const data = (await this.poll(id)).json['data'];
			// A failure told as HTTP 500 has no times.
			if (data?.['completed_at'] || String(data?.['status']) === 'failed') return data!;
			await new Promise((resolve) => setTimeout(resolve, 10));
		}
	}
}

export async function withSandbox(
	options: SandboxOptions,
	test: (client: Client, sandbox: Sandbox) => Promise<void>,
): Promise<void> {
	const sandbox = await startSandbox({ predictSeconds: 0.03, ...options });
	try {
		await test(new Client(sandbox), sandbox);
	} finally {
		await sandbox.close();
	}
}

/** Left half red, right half blue. */
export async function halves(width = 300, height = 200): Promise<Buffer> {
	return await pictures.picture({ width, height });
}

export async function plain(color: string, width = 64, height = 64): Promise<Buffer> {
	return await pictures.picture({ width, height, left: color, right: color });
}
