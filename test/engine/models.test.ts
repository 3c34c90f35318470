import { LYRICS, SPEECH, UPSCALE, VIDEO } from '../sandbox/mediaModels';
import { mediaFile, models, parametersOf, type ModelOptions } from './models';
import {
	BINARY_MODES,
	picture,
	pictureOf,
	predictionOf,
	refusal,
	runSeedream,
	sandbox,
	sha256,
	submittedBodies,
	succeed,
	useNewSandboxes,
	type SeedreamOptions,
} from './seedream';

useNewSandboxes({ refuseUnknownFields: true });
let photo: Buffer;
const clip = mediaFile('clip.mp4', 'video/mp4');
const sound = mediaFile('sound.mp3', 'audio/mpeg');

beforeAll(async () => (photo = await picture()));

type RunOptions = ModelOptions & Pick<SeedreamOptions, 'items' | 'binaryMode'>;

async function run({ items = [{}], binaryMode = 'filesystem', ...call }: RunOptions) {
	return await succeed({ ...models, items, binaryMode, parameters: parametersOf(call) });
}

const bodies = () => submittedBodies(sandbox);
const uploadUrl = (bytes: Buffer) => sandbox.ledger.uploads.find((one) => one.sha256 === sha256(bytes))?.url;
const endpoints = () =>
	sandbox.ledger.requests.filter(({ endpoint }) => endpoint === 'submit').map(({ path }) => path);
const billable = () => sandbox.ledger.count('submit') + sandbox.ledger.count('upload');

describe('Generate', () => {
	it('makes an image of text, with the declared types', async () => {
		const { out } = await run({
			model: 'bytedance/seedream-v4',
			inputs: { prompt: 'a red fox', size: '1024*1024', seed: '' },
			downloadFiles: true,
		});
		const [item] = out;
		const made = predictionOf(sandbox, item?.json);
		expect(item?.json).toEqual({
			predictionId: made.id,
			status: 'completed',
			rawStatus: 'completed',
			model: 'bytedance/seedream-v4',
			prompt: 'a red fox',
			fileUrl: made.outputs[0],
			fileIndex: 0,
			fileCount: 1,
			text: null,
			predictTimeSeconds: expect.any(Number) as number,
			priceUsd: 0.027,
			nsfw: false,
			failureReason: null,
			createdAt: expect.any(String) as string,
			completedAt: expect.any(String) as string,
			raw: expect.anything() as object,
		});
		expect(sha256(await pictureOf(item))).toBe(made.outputSha256[0]);
		expect(item?.binary?.data?.fileName).toMatch(/^seedream-v4\.\w+$/);
		expect(bodies()).toEqual([{ model: 'bytedance/seedream-v4', prompt: 'a red fox', size: '1024*1024' }]);
	});

	it.each(BINARY_MODES)('makes a video of an image in a file, kept in mode %s', async (binaryMode) => {
		const { json } = await run({
			resource: 'video',
			model: VIDEO.image,
			binaryMode,
			items: [{ files: { photo } }],
			inputs: {
				image: 'photo',
				prompt: 'it moves',
				duration: '10',
				generate_audio: 'no',
				resolution: '720P',
			},
		});
		expect(endpoints()).toEqual(['/api/v1/model/generateVideo']);
		expect(bodies()).toEqual([
			{
				model: VIDEO.image,
				image: uploadUrl(photo),
				prompt: 'it moves',
				duration: 10,
				generate_audio: false,
				resolution: '720p',
			},
		]);
		expect(json).toMatchObject([{ status: 'completed', model: VIDEO.image, fileIndex: 0, fileCount: 1 }]);
	});

	it('takes text for a number by expression, which n8n itself would refuse', async () => {
		const value = { text: 'hello', speed: '={{ "1.5" }}' };
		const field = { defaultMatch: false, display: true, required: false };
		const schema = [{ ...field, id: 'speed', displayName: 'Speed', type: 'number' }];
		const parameters = {
			...parametersOf({ resource: 'audio', model: SPEECH }),
			modelInputs: { mappingMode: 'defineBelow', value, schema },
		};
		await succeed({ ...models, items: [{}], parameters });
		expect(bodies()).toEqual([{ model: SPEECH, text: 'hello', speed: 1.5 }]);
	});

	it('takes a file by expression, and uploads the same file once per run', async () => {
		await run({
			resource: 'video',
			model: VIDEO.image,
			items: [{ files: { photo } }, { files: { other: photo } }],
			inputs: { image: '={{ Object.values($binary)[0] }}', last_image: '={{ Object.values($binary)[0] }}' },
		});
		const url = uploadUrl(photo);
		expect(bodies()).toEqual([1, 2].map(() => ({ model: VIDEO.image, image: url, last_image: url })));
		expect(sandbox.ledger.count('upload')).toBe(1);
	});

	it('puts several files into lists, by name, URL and expression', async () => {
		await run({
			resource: 'video',
			model: VIDEO.reference,
			items: [{ files: { a: photo, b: await picture({ left: '#123456' }), clip, sound } }],
			inputs: {
				prompt: 'a walk',
				reference_images: 'a, b',
				reference_videos: 'clip',
				reference_audios: '={{ [$binary.sound] }}',
				duration: '-1',
			},
		});
		expect(bodies()).toEqual([
			{
				model: VIDEO.reference,
				prompt: 'a walk',
				reference_images: [expect.any(String), expect.any(String)],
				reference_videos: [uploadUrl(clip.bytes)],
				reference_audios: [uploadUrl(sound.bytes)],
				duration: -1,
			},
		]);
		expect((bodies()[0]?.reference_images as string[])[0]).toBe(uploadUrl(photo));
	});

	it('puts files into lists of objects, with the kind of each', async () => {
		await run({
			resource: 'video',
			model: VIDEO.mixed,
			items: [{ files: { photo, clip } }],
			inputs: { prompt: 'a walk', refers: 'photo, clip', audio: true, duration: '10' },
		});
		expect(bodies()[0]).toMatchObject({
			refers: [
				{ url: uploadUrl(photo), type: 'image' },
				{ url: uploadUrl(clip.bytes), type: 'video' },
			],
			audio: true,
			duration: 10,
		});
	});

	it('takes other services’ objects into lists of objects, without what the model does not have', async () => {
		const url = 'https://files.example.com/a';
		const files = [
			{ id: 'att1', url, filename: 'a.jpg', type: 'image/jpeg', thumbnails: { small: { url } } },
			{ name: 'a.mp4', type: 'file', file: { url: `${url}.mp4?x=1` } },
			{ url, type: 'Audio' },
		];
		await run({
			resource: 'video',
			model: VIDEO.mixed,
			items: [{ json: { files } }],
			inputs: { prompt: 'a walk', refers: '={{ $json.files }}' },
		});
		expect(bodies()[0]?.refers).toEqual([
			{ url, type: 'image' },
			{ url: `${url}.mp4?x=1`, type: 'video' },
			{ url, type: 'audio' },
		]);
	});

	it('takes JSON, and files in it by name', async () => {
		await run({
			resource: 'video',
			model: VIDEO.lipsync,
			asJson: true,
			items: [{ files: { clip, sound } }],
			inputs: { video: 'clip', audio: 'sound' },
		});
		expect(bodies()).toEqual([
			{ model: VIDEO.lipsync, video: uploadUrl(clip.bytes), audio: uploadUrl(sound.bytes) },
		]);
	});

	it('sends nothing that the model does not have, and says so in the hint', async () => {
		const result = await run({
			model: 'bytedance/seedream-v4',
			inputs: { prompt: 'a fox', camera_fixed: true, model: 'bytedance/seedream-v4', last_image: '' },
		});
		expect(result.error).toBeUndefined();
		expect(bodies()).toEqual([{ model: 'bytedance/seedream-v4', prompt: 'a fox' }]);
		expect(result.hint).toContain(
			"has no such input: camera_fixed. To send it anyway, use 'Extra Body Fields'",
		);
	});

	it.each<[prompt: string | null, isTold: boolean]>([
		['', true],
		['={{ $json.Prompt }} ', true],
		// As the panel leaves a field that nobody filled in.
		[null, false],
	])('says in the hint that a prompt was empty: %j: %j', async (prompt, isTold) => {
		const items = [{ files: { photo } }];
		const { hint } = await run({
			resource: 'video',
			model: VIDEO.image,
			items,
			inputs: { image: 'photo', prompt },
		});
		expect(hint.includes('Sent without a prompt.')).toBe(isTold);
	});
});

describe('Any Model and Submit', () => {
	it('find the endpoint by the model’s type', async () => {
		const { json } = await run({
			resource: 'model',
			operation: 'run',
			model: SPEECH,
			inputs: { text: 'hi' },
		});
		expect(endpoints()).toEqual(['/api/v1/model/generateAudio']);
		expect(json).toHaveLength(1);
	});

	it('return the ID and the URLs of the inputs', async () => {
		const { json } = await run({
			resource: 'prediction',
			operation: 'submit',
			model: UPSCALE,
			items: [{ files: { photo } }],
			inputs: { image: 'photo' },
		});
		expect(json).toEqual([
			{
				predictionId: predictionOf(sandbox, json[0]).id,
				status: 'processing',
				model: UPSCALE,
				prompt: null,
				inputUrls: [uploadUrl(photo)],
				createdAt: expect.any(String) as string,
			},
		]);
	});
});

describe('Get a Quote', () => {
	const quote = { resource: 'prediction', operation: 'quote' };

	it('gives the price that the prediction will have, without buying or uploading an image', async () => {
		const video: RunOptions = {
			resource: 'video',
			model: VIDEO.image,
			items: [{ files: { data: photo } }],
			inputs: { image: 'data', prompt: 'the steam rises', duration: 5 },
		};
		const { json } = await run({ ...video, ...quote });
		expect(json).toMatchObject([{ model: VIDEO.image, isEstimate: false, currency: 'USD' }]);
		expect(billable()).toBe(0);
		await run(video);
		expect(sandbox.ledger.charges.map(({ priceUsd }) => priceUsd)).toEqual([json[0]?.priceUsd]);
	});

	it('uploads a video and a sound, whose length may be billed, and buys nothing', async () => {
		const inputs = { video: 'clip', audio: 'sound' };
		const { json } = await run({
			...quote,
			model: VIDEO.lipsync,
			items: [{ files: { clip, sound } }],
			inputs,
		});
		expect(json[0]?.priceUsd).toEqual(expect.any(Number));
		expect(sandbox.ledger.uploads).toHaveLength(2);
		expect(sandbox.ledger.charges).toEqual([]);
	});

	it.each([
		['each prompt of an audio model: its length may be billed', LYRICS, 2],
		['all prompts of an image model', 'bytedance/seedream-v4', 1],
	])('is asked for once for %s', async (_what, model, count) => {
		const items = [{ json: { prompt: 'a' } }, { json: { prompt: 'a long song' } }];
		await run({ ...quote, model, items, inputs: { prompt: '={{ $json.prompt }}' } });
		expect(sandbox.ledger.count('quote')).toBe(count);
	});
});

it.each([
	['once', 1, undefined],
	['no more than twice if it is down', 2, 503],
])('reads the catalog %s, whatever it is asked for', async (_how, count, status) => {
	if (status) sandbox.addFault({ endpoint: 'models', action: { type: 'status', status }, times: Infinity });
	sandbox.addFault({ endpoint: 'quote', action: { type: 'status', status: 503 }, times: Infinity });
	// The model's type and schema, and the estimate in place of a quote.
	await runSeedream({
		...models,
		items: [{}, {}],
		parameters: parametersOf({
			model: 'bytedance/seedream-v4',
			inputs: { prompt: 'x', size: '1024*1024' },
			options: { maxCostUsd: 1 },
		}),
	});
	expect(sandbox.ledger.count('models')).toBe(count);
	expect(sandbox.ledger.count('schema')).toBe(status ? 0 : 1);
});

describe('before anything is sent, for all items,', () => {
	const image = { model: UPSCALE };
	const refused = async ({ items = [{}], ...call }: RunOptions) =>
		await refusal({ ...models, items, parameters: parametersOf(call) });

	it.each<[string, ModelOptions, RegExp]>([
		['a missing file', { ...image, inputs: {} }, /^'Image' is empty\n.*needs it/s],
		[
			'a video for an image',
			{ ...image, inputs: { image: 'clip' } },
			/^The file in clip is an MP4 file, which 'Image' doesn’t accept\n.*JPEG/s,
		],
		[
			'a data URI of another kind',
			{ ...image, inputs: { image: 'data:image/png;base64,AAAAAAAA' } },
			/^The data URI in 'Image' isn’t an image\n.*JPEG/s,
		],
		[
			'too many files',
			{
				resource: 'video',
				model: VIDEO.reference,
				inputs: { prompt: 'x', reference_videos: 'clip, clip, clip, clip' },
			},
			/^'Reference Videos' accepts at most 3 files, but this item has 4\n.*fewer/s,
		],
		[
			'inputs for another model, which would not be the one that is billed',
			{ ...image, asJson: true, inputs: { image: 'photo', model: 'other/model' } },
			/^The inputs are for the model "other\/model", but 'Model' is smallprint\/lens-2\/upscale\n.*Remove/s,
		],
		[
			'a link without a kind',
			{ resource: 'video', model: VIDEO.mixed, inputs: { prompt: 'x', refers: 'https://a.example.com/b' } },
			/^'References': "https:\/\/a\.example\.com\/b" doesn’t show whether.*"type": "image"/s,
		],
		[
			'a prompt whose column is not there, though the model needs none',
			{
				resource: 'video',
				model: VIDEO.image,
				inputs: { image: 'photo', prompt: '={{ $json.Prompt }}' },
			},
			/^'Prompt' is empty\n.*name of the field.*\?\? ''/s,
		],
		[
			'an extra field that is a file’s',
			{ ...image, inputs: { image: 'photo' }, options: { extraBodyFields: '{"image": "x"}' } },
			/^'Extra Body Fields' can’t set image\n.*fields of this node/s,
		],
		[
			'an expression left in an object',
			{
				resource: 'audio',
				model: SPEECH,
				inputs: { text: 'x', pronunciation: '{"tones":["{{ $json.a }}"]}' },
			},
			/^'pronunciation' contains an expression/,
		],
		[
			'an expression left in the inputs of a model without a schema',
			{ model: 'a/new-model', asJson: true, inputs: { shots: [{ prompt: 'A {{ $json.color }} fox' }] } },
			/^'shots' contains an expression/,
		],
		[
			'a broken cell as the prompt of a model without a schema',
			{ model: 'a/new-model', asJson: true, inputs: { prompt: 'Loading...' } },
			/^'prompt' contains the spreadsheet error Loading/,
		],
		[
			'more files than any model takes in the inputs of a model without a schema',
			{
				model: 'a/new-model',
				asJson: true,
				inputs: { shots: Array(1_001).fill({ mimeType: '', data: '' }) },
			},
			/^'shots' has more than 1000 files\n/,
		],
		[
			'an expression left in extra fields',
			{ ...image, inputs: { image: 'photo' }, options: { extraBodyFields: '{"text": "{{ $json.a }}"}' } },
			/^'text' contains an expression/,
		],
		[
			'a text model',
			{ model: 'harbor/gull-4-chat', inputs: { prompt: 'x' } },
			/^harbor\/gull-4-chat is a text model\n.*images, videos, or audio/s,
		],
	])('refuses %s', async (_what, call, words) => {
		const { message, description } = await refused({ ...call, items: [{ files: { photo, clip } }] });
		expect(`${message}\n${description}`).toMatch(words);
	});

	it('refuses a file that is too large for the field', async () => {
		const bytes = Buffer.concat([photo, Buffer.alloc(30_000_001)]);
		const items = [{ files: { photo: bytes } }];
		const { message } = await refused({ ...image, items, inputs: { image: 'photo' } });
		expect(message).toBe('The file in photo is 30.0 MB; the model accepts up to 30 MB');
	});

	it('refuses more items than Max Predictions per Run', async () => {
		const items = Array.from({ length: 51 }, () => ({ json: {} }));
		const call = { model: 'bytedance/seedream-v4', inputs: { prompt: 'x' }, items };
		const { message, description } = await refused(call);
		expect(message).toBe("This run has 51 predictions, but 'Max Predictions per Run' is 50");
		expect(description).toContain('Estimated cost: $1.377. Nothing was submitted.');
		expect(sandbox.ledger.requests.map(({ endpoint }) => endpoint)).toEqual(['models', 'schema']);
	});

	it('refuses JSON that is no object', async () => {
		const parameters = { ...parametersOf({ model: UPSCALE, asJson: true }), modelInputsJson: '[1]' };
		const { message } = await refusal({ ...models, items: [{}], parameters });
		expect(message).toBe("'Model Inputs (JSON)' must be a JSON object");
	});
});
