import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import sharp from 'sharp';
import { startSandbox, type Sandbox } from '../../sandbox';
import { call, halves, LITE } from './client';
import { VIDEO } from './mediaModels';

/**
 * Atlas Cloud's own MCP server, as published, runs against the sandbox: it knows the service and nothing of this
 * project. Its requests are redirected by `atlascloudMcpHook.mjs`, as its code has a fixed address.
 *
 * Not covered: `atlas_chat`, `atlas_get_model_usage` and `atlas_get_model_costs`, which the sandbox does not serve, and
 * documentation search.
 */
let sandbox: Sandbox;
let folder: string;
const client = new Client({ name: 'sandbox-test', version: '1.0.0' });

beforeAll(async () => {
	sandbox = await startSandbox({ predictSeconds: 0.05, refuseUnknownFields: true });
	folder = await mkdtemp(join(tmpdir(), 'atlascloud-mcp-'));
	await client.connect(
		new StdioClientTransport({
			command: process.execPath,
			args: [
				'--import',
				join(__dirname, 'atlascloudMcpHook.mjs'),
				join(__dirname, '../../node_modules/atlascloud-mcp/dist/index.js'),
			],
			env: { ATLASCLOUD_API_KEY: sandbox.apiKey, SANDBOX_URL: sandbox.baseUrl },
			stderr: 'ignore',
		}),
	);
});

afterAll(async () => {
	await client.close();
	await sandbox.close();
	await rm(folder, { recursive: true });
});

/** The text of a tool's result, which must not be an error. */
async function ask(name: string, args: Record<string, unknown> = {}): Promise<string> {
	const result = await client.callTool({ name, arguments: args });
	const [{ text }] = result.content as [{ text: string }];
	if (result.isError) throw new Error(`${name}: ${text}`);
	return text;
}

async function upload(name: string, bytes: Buffer): Promise<string> {
	const path = join(folder, name);
	await writeFile(path, bytes);
	const text = await ask('atlas_upload_media', { file_path: path });
	return found(text, /\*\*URL\*\*: (\S+)/);
}

/** The result of the prediction that a generation tool's answer names, once it is over. */
async function resultOf(submitted: string): Promise<string> {
	const predictionId = found(submitted, /\*\*Prediction ID\*\*: `(\w+)`/);
	for (;;) {
		const text = await ask('atlas_get_prediction', { prediction_id: predictionId });
		if (!text.includes('still in progress')) return text;
	}
}

function found(text: string, pattern: RegExp): string {
	const match = pattern.exec(text)?.[1];
	if (match === undefined) throw new Error(`${pattern} is not in: ${text}`);
	return match;
}

it('lists and searches models', async () => {
	const videos = await ask('atlas_list_models', { type: 'Video' });
	expect(videos).toContain('`bytedance/seedance-v1.5-pro/image-to-video` — Seedance v1.5 Pro Image to Video');
	const seedream = await ask('atlas_list_models', { query: 'seedream v5.0 lite' });
	expect(seedream).toContain(`\`${LITE}\``);
	expect(seedream).not.toContain('seedance');
	expect(await ask('atlas_list_models', { kind: '3d' })).toContain('upland/mesh-2/image-to-3d');
	expect(await ask('atlas_list_models', { kind: 'stt' })).toContain('Total: 1 models');
	expect(await ask('atlas_list_models', { query: 'hidden' })).toContain('No models matched');
});

it('reads a model’s price and schema', async () => {
	const info = await ask('atlas_get_model_info', { model: VIDEO.imageFast });
	expect(info).toContain('Base: $0.018/second of video');
	expect(info).toContain('`image`** (`string`, _required_)');
	expect(info).toContain('Accepts files: image/jpeg,image/png');
	expect(info).toContain('Options: "480p", "720p"');
	expect(info).toContain('Range: 4 .. 12');
	expect(info).toContain('/api/v1/model/generateVideo');
});

it('uploads, edits and reads the result', async () => {
	const image = await upload('photo.png', await halves());
	const submitted = await ask('atlas_generate_image', {
		model: LITE,
		params: { prompt: 'black and white', images: [image], size: '2304*1728', output_format: 'jpeg' },
	});
	const result = await resultOf(submitted);
	expect(result).toContain('**Status**: completed');
	expect(result).toContain('**Cost**: $0.032');
	const picture = await call(found(result, /\[image\] (\S+)/));
	expect(await sharp(picture.bytes).metadata()).toMatchObject({ format: 'jpeg', width: 2304, height: 1728 });
});

it('makes a video of an uploaded image', async () => {
	const image = await upload('first.png', await halves());
	const params = { image, duration: 4, resolution: '480p', generate_audio: false };
	const result = await resultOf(await ask('atlas_generate_video', { model: VIDEO.imageFast, params }));
	expect(result).toContain('**Cost**: $0.072');
	const video = await call(found(result, /\[video\] (\S+)/));
	expect(video.bytes.toString('latin1', 4, 8)).toBe('ftyp');
});

it('reports a failed task however Atlas Cloud words it', async () => {
	for (const shape of ['status200', 'http500', 'moderation', 'errorObject'] as const) {
		sandbox.addFault({ endpoint: 'submit', action: { type: 'failTask', shape } });
		const params = { prompt: 'a lake' };
		const result = await resultOf(
			await ask('atlas_generate_image', { model: 'bytedance/seedream-v4.5', params }),
		);
		expect(result).toContain('**Status**: failed');
		expect(result).toContain('## Error');
	}
});

it('refuses bad parameters by the schema, and does not find a made-up id', async () => {
	const bad = ask('atlas_generate_video', { model: VIDEO.text, params: { prompt: 'a lake', duration: 99 } });
	await expect(bad).rejects.toThrow('`duration` must be <= 12');
	await expect(ask('atlas_get_prediction', { prediction_id: 'none' })).rejects.toThrow('No prediction found');
});

it('reads history and balance', async () => {
	const all = await ask('atlas_list_predictions', { limit: 50 });
	expect(all).toContain(`Showing ${sandbox.ledger.predictions.size} of`);
	const videos = await ask('atlas_list_predictions', { model: VIDEO.imageFast, status: 'completed' });
	expect(videos).toMatch(/Showing 1 of 1 tasks[\s\S]*Result: video: http/);
	const spent = sandbox.ledger.charges.reduce((sum, { priceUsd }) => sum + priceUsd, 0);
	expect(await ask('atlas_get_balance')).toContain(`**Available**: $${(125.5 - spent).toFixed(2)}`);
});
