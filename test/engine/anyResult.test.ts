import type { IDataObject } from 'n8n-workflow';
import { LYRICS, MESH, SPEECH, VIDEO } from '../sandbox/mediaModels';
import type { BinaryMode } from './harness';
import {
	BINARY_MODES,
	picture,
	pictureOf,
	predictionOf,
	runSeedream,
	sandbox,
	sha256,
	useOneSandbox,
} from './seedream';

// Over n8n's own helpers, axios, and sockets.
jest.mock('../../nodes/AtlasCloud/n8n/http', () => jest.requireActual('../../nodes/AtlasCloud/n8n/http'));

/* Results that are no images, by Seedream Edit's operations that accept any prediction ID. */

useOneSandbox();

type Type = 'Image' | 'Video' | 'Audio';

const CLIP = { model: VIDEO.textFast, prompt: 'a lake', duration: 4, resolution: '480p' };
const VOICE = { model: SPEECH, text: 'Hello from the sandbox' };

async function post(
	path: string,
	body: string | FormData,
	headers: Record<string, string> = {},
): Promise<IDataObject> {
	const response = await fetch(`${sandbox.baseUrl}/api/v1/model/${path}`, {
		method: 'POST',
		headers: { authorization: `Bearer ${sandbox.apiKey}`, ...headers },
		body,
	});
	const { data } = (await response.json()) as { data: IDataObject };
	return data;
}

async function submitted(type: Type, body: IDataObject): Promise<string> {
	const json = { 'content-type': 'application/json' };
	return String((await post(`generate${type}`, JSON.stringify(body), json)).id);
}

async function uploaded(bytes: Buffer, name: string): Promise<string> {
	const form = new FormData();
	form.append('file', new Blob([bytes]), name);
	return String((await post('uploadMedia', form)).download_url);
}

interface Read {
	predictionId: string;
	operation?: 'waitForCompletion' | 'get';
	downloadImages?: boolean;
	binaryMode?: BinaryMode;
}

async function read({
	predictionId,
	operation = 'waitForCompletion',
	downloadImages = true,
	binaryMode = 'filesystem',
}: Read) {
	return await runSeedream({
		binaryMode,
		items: [{ json: { predictionId } }],
		parameters: { resource: 'prediction', operation, options: { downloadImages } },
	});
}

const wait = async (predictionId: string) => await read({ predictionId });

describe.each(BINARY_MODES)('a video, files kept in mode %s', (binaryMode) => {
	it('is returned whole by Wait for Completion and Get, with its URL as imageUrl', async () => {
		const predictionId = await submitted('Video', CLIP);
		for (const operation of ['waitForCompletion', 'get'] as const) {
			const { error, out, json } = await read({ operation, predictionId, binaryMode });
			expect(error).toBeUndefined();
			expect(json).toHaveLength(1);
			expect(json[0]).toMatchObject({
				predictionId,
				status: 'completed',
				model: VIDEO.textFast,
				imageUrl: expect.stringMatching(/\.mp4$/) as string,
				imageIndex: 0,
				imageCount: 1,
			});
			expect(json[0]).not.toHaveProperty('text');
			expect(out[0]?.binary?.data).toMatchObject({
				fileName: `seedream-${predictionId}.mp4`,
				mimeType: 'video/mp4',
			});
			expect(sha256(await pictureOf(out[0]))).toBe(predictionOf(sandbox, json[0]).outputSha256[0]);
		}
	});
});

it.each([
	['mp3', 'audio/mpeg'],
	['wav', 'audio/wav'],
])('a sound is a file: %s', async (format, mimeType) => {
	const predictionId = await submitted('Audio', { ...VOICE, format });
	const { error, out, json } = await wait(predictionId);
	expect(error).toBeUndefined();
	expect(out[0]?.binary?.data).toMatchObject({ fileName: `seedream-${predictionId}.${format}`, mimeType });
	expect(sha256(await pictureOf(out[0]))).toBe(predictionOf(sandbox, json[0]).outputSha256[0]);
});

it('files of several kinds are one item each', async () => {
	const image = await uploaded(await picture(), 'photo.png');
	const predictionId = await submitted('Image', { model: MESH, image });
	const { error, out, json } = await wait(predictionId);
	expect(error).toBeUndefined();
	expect(out.map(({ binary }) => [binary?.data.fileName, binary?.data.mimeType])).toEqual([
		[`seedream-${predictionId}.glb`, 'model/gltf-binary'],
		[`seedream-${predictionId}-2.zip`, 'application/zip'],
		[`seedream-${predictionId}-3.png`, 'image/png'],
	]);
	expect(json.map(({ imageIndex, imageCount }) => [imageIndex, imageCount])).toEqual([
		[0, 3],
		[1, 3],
		[2, 3],
	]);
	const { outputSha256 } = predictionOf(sandbox, json[0]);
	for (const [i, item] of out.entries()) expect(sha256(await pictureOf(item))).toBe(outputSha256[i]);
});

describe('a text result', () => {
	it.each(['waitForCompletion', 'get'] as const)('is one item without a file: %s', async (operation) => {
		const predictionId = await submitted('Audio', { model: LYRICS, prompt: 'Rain on the roof' });
		await wait(predictionId);
		const files = sandbox.ledger.count('file');
		const { error, out, json } = await read({ operation, predictionId });
		expect(error).toBeUndefined();
		expect(out).toHaveLength(1);
		expect(out[0]).not.toHaveProperty('binary');
		expect(json[0]).toMatchObject({
			predictionId,
			status: 'completed',
			imageUrl: null,
			imageIndex: null,
			imageCount: 0,
			text: expect.stringContaining('Rain on the roof') as string,
			priceUsd: expect.any(Number) as number,
		});
		expect(sandbox.ledger.count('file')).toBe(files);
	});
});
