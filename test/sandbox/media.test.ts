import { ALL_FORMATS, BufferSource, Input } from 'mediabunny';
import sharp from 'sharp';
import { call, colorAt, halves, plain, withSandbox, type Client } from './client';
import { generate, outputFiles, SPEECH, UPSCALE, VIDEO } from './mediaModels';

async function clipOf(
	bytes: Buffer,
): Promise<{ seconds: number; width?: number; height?: number; sound: boolean }> {
	const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(bytes) });
	const video = await input.getPrimaryVideoTrack();
	return {
		seconds: await input.computeDuration(),
		...(video && { width: video.displayWidth, height: video.displayHeight }),
		sound: (await input.getPrimaryAudioTrack()) !== null,
	};
}

async function uploadedVideo(client: Client): Promise<string> {
	const body = { model: VIDEO.textFast, prompt: 'a lake', resolution: '480p', aspect_ratio: '4:3' };
	const [mp4] = await outputFiles(await generate(client, 'Video', body));
	return await client.uploaded(mp4!, 'clip.mp4');
}

describe('video', () => {
	it('has the length, size and sound that are asked for', async () => {
		await withSandbox({}, async (client) => {
			const shot = { model: VIDEO.textFast, prompt: 'a lake', duration: 7, resolution: '480p' };
			const data = await generate(client, 'Video', { ...shot, aspect_ratio: '9:16' });
			expect(data).toMatchObject({ status: 'completed', price: '0.126', has_nsfw_contents: [false] });
			const [silent, loud] = await Promise.all(
				[false, true].map(async (generate_audio) => {
					const body = { ...shot, aspect_ratio: '9:16', generate_audio };
					return await clipOf((await outputFiles(await generate(client, 'Video', body)))[0]!);
				}),
			);
			expect(silent).toEqual({ seconds: 7, width: 480, height: 854, sound: false });
			expect(loud).toMatchObject({ width: 480, height: 854, sound: true });
			expect(loud!.seconds).toBeCloseTo(7, 1);
			const file = await call(String(data['outputs']![0]));
			expect(file.headers['content-type']).toBe('video/mp4');
		});
	});
});

describe('audio', () => {
	it.each([
		['mp3', 24_000],
		['wav', 48_000],
	])('%s is as long as the text takes to say', async (format, sample_rate) => {
		await withSandbox({}, async (client) => {
			const text = 'a'.repeat(60);
			const data = await generate(client, 'Audio', { model: SPEECH, text, format, sample_rate, speed: 2 });
			const input = new Input({
				formats: ALL_FORMATS,
				source: new BufferSource((await outputFiles(data))[0]!),
			});
			expect(await input.computeDuration()).toBeCloseTo(2, 1);
			expect(await input.getMimeType()).toMatch(format === 'mp3' ? /^audio\/mpeg/ : /^audio\/wav/);
			expect((await input.getPrimaryAudioTrack())!.sampleRate).toBe(sample_rate);
		});
	});
});

describe('image tools', () => {
	it('enlarge an image', async () => {
		await withSandbox({}, async (client) => {
			const image = await client.uploaded(await halves(300, 200));
			const body = { model: UPSCALE, image, scale: 4, output_format: 'jpeg' };
			const [picture] = await outputFiles(await generate(client, 'Image', body));
			expect(await sharp(picture).metadata()).toMatchObject({ format: 'jpeg', width: 1200, height: 800 });
			expect((await colorAt(picture!, 0.25, 0.4)).r).toBeGreaterThan(180);
		});
	});
});

describe('inputs', () => {
	it.each([
		['an image for a sound', 'voice.wav', /audio: unsupported file type: not audio/],
		['a sound named as an image', 'voice.png', /no audio extension/],
	])('refuses %s', async (_what, name, reason) => {
		await withSandbox({}, async (client, sandbox) => {
			const audio = await client.uploaded(await plain('red'), name);
			const video = await uploadedVideo(client);
			const charged = sandbox.ledger.charges.length;
			const data = await generate(client, 'Video', { model: VIDEO.lipsync, video, audio });
			expect(data).toMatchObject({ status: 'failed', error: expect.stringMatching(reason) as string });
			expect(data).not.toHaveProperty('price');
			expect(sandbox.ledger.charges).toHaveLength(charged);
		});
	});
});
