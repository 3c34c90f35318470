import { VIDEO as VIDEOS } from '../sandbox/mediaModels';
import { mediaFile, models, parametersOf, type ModelOptions } from './models';
import { picture, runSeedream, sandbox, useNewSandboxes, type InputItem } from './seedream';

/* What Atlas Cloud Models has of its own in what it shares with Seedream Edit. */

const clip = mediaFile('clip.mp4', 'video/mp4');
const sound = mediaFile('sound.mp3', 'audio/mpeg');
const VIDEO_INPUTS = { image: 'data', prompt: 'the steam rises', duration: 5 };

useNewSandboxes({ refuseUnknownFields: true });

async function run(call: ModelOptions, items?: InputItem[]) {
	return await runSeedream({
		...models,
		items: items ?? [{ files: { data: await picture() } }],
		parameters: parametersOf(call),
	});
}

const video = (more: Partial<ModelOptions> = {}): ModelOptions => ({
	resource: 'video',
	model: VIDEOS.image,
	inputs: VIDEO_INPUTS,
	...more,
});

const chargedUsd = () => sandbox.ledger.charges.map(({ priceUsd }) => priceUsd);

describe('Get a Quote', () => {
	const quote = { resource: 'prediction', operation: 'quote' };

	it('gives the price that the prediction will have, without buying or uploading an image', async () => {
		const { error, json } = await run(video(quote));
		expect(error).toBeUndefined();
		expect(json).toMatchObject([{ model: VIDEOS.image, isEstimate: false, currency: 'USD' }]);
		expect([sandbox.ledger.uploads, sandbox.ledger.charges]).toEqual([[], []]);
		await run(video());
		expect(chargedUsd()).toEqual([json[0]?.priceUsd]);
	});

	it('uploads a video and a sound, whose length may be billed, and buys nothing', async () => {
		const call = { ...quote, model: VIDEOS.lipsync, inputs: { video: 'clip', audio: 'sound' } };
		const { error, json } = await run(call, [{ files: { clip, sound } }]);
		expect(error).toBeUndefined();
		expect(json[0]?.priceUsd).toEqual(expect.any(Number));
		expect(sandbox.ledger.uploads).toHaveLength(2);
		expect(sandbox.ledger.charges).toEqual([]);
	});
});

it.each([
	['once', 1, undefined],
	['no more than twice if it is down', 2, 503],
])('reads the catalog %s, whatever it is asked for', async (_how, count, status) => {
	if (status) sandbox.addFault({ endpoint: 'models', action: { type: 'status', status }, times: Infinity });
	sandbox.addFault({ endpoint: 'quote', action: { type: 'status', status: 503 }, times: Infinity });
	const call = {
		resource: 'image',
		model: 'bytedance/seedream-v4',
		inputs: { prompt: 'x', size: '1024*1024' },
	};
	// The model's type and schema, the estimate in place of a quote, and the cost in the execution hint.
	await run({ ...call, options: { maxCostUsd: 1 } }, [{}, {}]);
	expect(sandbox.ledger.count('models')).toBe(count);
	expect(sandbox.ledger.count('schema')).toBe(status ? 0 : 1);
});
