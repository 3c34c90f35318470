import type { IDataObject } from 'n8n-workflow';
import { Client } from '../sandbox/client';
import { LYRICS, MESH, VIDEO } from '../sandbox/mediaModels';
import { picture, pictureOf, predictionOf, runSeedream, sandbox, sha256, useOneSandbox } from './seedream';

// Over n8n's own helpers, axios, and sockets.
jest.mock('../../nodes/AtlasCloud/n8n/http', () => jest.requireActual('../../nodes/AtlasCloud/n8n/http'));

/* Results that are no images, by Seedream Edit's operations that accept any prediction ID. */

useOneSandbox();

const CLIP = { model: VIDEO.textFast, prompt: 'a lake', duration: 4, resolution: '480p' };

async function submitted(type: 'Image' | 'Video' | 'Audio', body: IDataObject): Promise<string> {
	const { json } = await new Client(sandbox).post(`generate${type}`, body);
	return String(json['data']!['id']);
}

async function read(predictionId: string, operation = 'waitForCompletion') {
	const result = await runSeedream({
		items: [{ json: { predictionId } }],
		parameters: { resource: 'prediction', operation, options: { downloadImages: true } },
	});
	expect(result.error).toBeUndefined();
	return result;
}

it('a video is returned whole by Wait for Completion and Get, with its URL as imageUrl', async () => {
	const predictionId = await submitted('Video', CLIP);
	for (const operation of ['waitForCompletion', 'get']) {
		const { out, json } = await read(predictionId, operation);
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

it('files of several kinds are one item each', async () => {
	const image = await new Client(sandbox).uploaded(await picture());
	const predictionId = await submitted('Image', { model: MESH, image });
	const { out, json } = await read(predictionId);
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

it.each(['waitForCompletion', 'get'])('a text is one item without a file: %s', async (operation) => {
	const predictionId = await submitted('Audio', { model: LYRICS, prompt: 'Rain on the roof' });
	await read(predictionId);
	const files = sandbox.ledger.count('file');
	const { out, json } = await read(predictionId, operation);
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
