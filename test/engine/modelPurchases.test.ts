import { SPEECH, VIDEO as VIDEOS } from '../sandbox/mediaModels';
import { mediaFile, models, parametersOf, type ModelOptions } from './models';
import {
	picture,
	pictureOf,
	predictionOf,
	runSeedream,
	sandbox,
	sha256,
	useNewSandboxes,
	type InputItem,
} from './seedream';

/* What Atlas Cloud Models shares with Seedream Edit: quotes, limits, reuse, and files of any kind. */

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

	it('depends on the text where text is billed', async () => {
		const call = (text: string) => ({ ...quote, model: SPEECH, inputs: { text } });
		const short = await run(call('Hello.'), [{}]);
		const long = await run(call('Hello. '.repeat(300)), [{}]);
		expect(Number(long.json[0]?.priceUsd)).toBeGreaterThan(Number(short.json[0]?.priceUsd));
	});
});

it('refuses a run that would cost more than Max Cost per Run, before anything is bought', async () => {
	const items = [{ files: { data: await picture() } }, { files: { data: await picture() } }];
	const { error } = await run(video({ options: { maxCostUsd: 0.3 } }), items);
	expect(error?.message).toMatch(/^This run would cost \$0\.\d+, but 'Max Cost per Run' is \$0\.30$/);
	expect(sandbox.ledger.charges).toEqual([]);
	expect((await run(video({ options: { maxCostUsd: 5 } }), items)).error).toBeUndefined();
	expect(sandbox.ledger.charges).toHaveLength(2);
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

it('reuses what the account has paid for, if the option allows', async () => {
	const first = await run(video());
	const again = await run(video({ options: { reuseHours: 1 } }));
	expect(again.error).toBeUndefined();
	expect(again.json[0]?.predictionId).toBe(first.json[0]?.predictionId);
	expect(sandbox.ledger.charges).toHaveLength(1);
	await run(video({ inputs: { ...VIDEO_INPUTS, prompt: 'the cup turns' }, options: { reuseHours: 1 } }));
	expect(sandbox.ledger.charges).toHaveLength(2);
});

it('checks a Webhook URL before anything is sent', async () => {
	const { error } = await run(video({ options: { webhookUrl: 'ftp://example.com/hook' } }));
	expect(error?.message).toContain('Webhook URL');
	expect(sandbox.ledger.count('submit') + sandbox.ledger.count('upload')).toBe(0);
});

it('downloads a video as a video', async () => {
	const { out } = await run(video({ downloadFiles: true }));
	expect(out[0]?.binary?.data).toMatchObject({ mimeType: 'video/mp4', fileExtension: 'mp4' });
	expect(sha256(await pictureOf(out[0]))).toBe(predictionOf(sandbox, out[0]?.json).outputSha256[0]);
});
