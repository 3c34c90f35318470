import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny';
import sharp from 'sharp';
import { call, colorAt, halves, plain, withSandbox, type Client } from './client';
import { generate, LYRICS, MESH, outputFiles, SPEECH, TRANSCRIPT, UPSCALE, VIDEO } from './mediaModels';

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

/** One frame of a video of the sandbox as an AVIF file, which sharp reads. */
async function frameAt(bytes: Buffer, seconds: number): Promise<Buffer> {
	const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(bytes) });
	const track = (await input.getPrimaryVideoTrack())!;
	const packet = (await new EncodedPacketSink(track).getPacket(seconds))!;
	return await avifOf(Buffer.from(packet.data), track.displayWidth, track.displayHeight);
}

/** The container of a picture of the same size, around this frame. */
async function avifOf(frame: Buffer, width: number, height: number): Promise<Buffer> {
	const template = await sharp({ create: { width, height, channels: 3, background: 'black' } })
		.avif({ effort: 0, quality: 60, chromaSubsampling: '4:2:0' })
		.toBuffer();
	const start = template.indexOf('mdat') + 4;
	const box = Buffer.from(template.subarray(0, start));
	box.writeUInt32BE(frame.length + 8, start - 8);
	// The length of the only item is the last field of the location box.
	const location = box.indexOf('iloc');
	box.writeUInt32BE(frame.length, location + box.readUInt32BE(location - 4) - 8);
	return Buffer.concat([box, frame]);
}

async function uploadedSound(client: Client, text = 'a'.repeat(45)): Promise<string> {
	const [wav] = await outputFiles(await generate(client, 'Audio', { model: SPEECH, text, format: 'wav' }));
	return await client.uploaded(wav!, 'voice.wav');
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

	it('shows the input image, then the last image, with a mark that moves', async () => {
		await withSandbox({}, async (client) => {
			const image = await client.uploaded(await halves(320, 240));
			const last_image = await client.uploaded(await plain('#20e040', 320, 240));
			const body = { model: VIDEO.imageFast, image, last_image, duration: 4, resolution: '480p' };
			const [video] = await outputFiles(await generate(client, 'Video', body));
			const first = await frameAt(video!, 0);
			expect((await colorAt(first, 0.25, 0.3)).r).toBeGreaterThan(180);
			expect((await colorAt(first, 0.75, 0.3)).b).toBeGreaterThan(180);
			expect((await colorAt(await frameAt(video!, 3.9), 0.5, 0.3)).g).toBeGreaterThan(180);
			const bottomLeft = async (at: number): Promise<number> =>
				(await colorAt(await frameAt(video!, at), 0.03, 0.91)).r;
			expect(await bottomLeft(0)).toBeLessThan(150);
			expect(await bottomLeft(1)).toBeGreaterThan(180);
		});
	});

	it('takes lists of references and returns the last frame', async () => {
		await withSandbox({}, async (client) => {
			const image = await client.uploaded(await halves(320, 240));
			const body = {
				model: VIDEO.reference,
				prompt: 'all of it',
				reference_images: [image, image],
				reference_videos: [await uploadedVideo(client)],
				reference_audios: [await uploadedSound(client)],
				resolution: '480p',
				return_last_frame: true,
			};
			const data = await generate(client, 'Video', body);
			expect(data['outputs']).toEqual([expect.stringMatching(/\.mp4$/), expect.stringMatching(/\.png$/)]);
			const [video, frame] = await outputFiles(data);
			expect(await clipOf(video!)).toMatchObject({ width: 640, height: 480 });
			expect(await sharp(frame).metadata()).toMatchObject({ format: 'png', width: 640, height: 480 });
		});
	});

	it('gives a lipsync the size of the video and the length of the sound', async () => {
		await withSandbox({}, async (client) => {
			const [video, audio] = [await uploadedVideo(client), await uploadedSound(client)];
			const data = await generate(client, 'Video', { model: VIDEO.lipsync, video, audio });
			const clip = await clipOf((await outputFiles(data))[0]!);
			expect(clip).toMatchObject({ width: 640, height: 480, sound: true });
			expect(clip.seconds).toBeCloseTo(3, 1);
			expect(data['price']).toBe('0.18');
		});
	});

	it('can be made as large as a test needs it', async () => {
		await withSandbox({ outputBytes: 3_000_000 }, async (client) => {
			const body = { model: VIDEO.textFast, prompt: 'a lake', duration: 4, resolution: '480p' };
			const [video] = await outputFiles(await generate(client, 'Video', body));
			expect(video).toHaveLength(3_000_000);
			expect((await clipOf(video!)).seconds).toBeCloseTo(4, 1);
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

	it('is transcribed to text, which is no file', async () => {
		await withSandbox({}, async (client, sandbox) => {
			const audio_url = await uploadedSound(client);
			const data = await generate(client, 'Audio', { model: TRANSCRIPT, audio_url, language: 'de' });
			expect(data['outputs']).toEqual(['Das hat die Sandbox gehört.']);
			expect(data['stt_result']).toMatchObject({ language: 'de', duration: 3 });
			expect(data['stt_result']!['words']![4]).toEqual({
				text: 'gehört',
				start: 2.4,
				end: 3,
				type: 'word',
			});
			expect(data['price']).toBe('0.0003');
			const id = String(data['id']);
			expect(sandbox.ledger.predictions.get(id)!.outputs).toEqual(['Das hat die Sandbox gehört.']);
		});
	});
});

it('lyrics are text, with a title', async () => {
	await withSandbox({}, async (client) => {
		const data = await generate(client, 'Audio', { model: LYRICS, prompt: 'Rain on the roof' });
		expect(data['lyrics_result']).toMatchObject({ song_title: 'Sandbox', style_tags: ['demo'] });
		expect(data['outputs']).toEqual([data['lyrics_result']!['lyrics']]);
		expect(data['lyrics_result']!['lyrics']).toContain('Rain on the roof');
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

	it('make a mesh, an archive of it and a preview', async () => {
		await withSandbox({}, async (client) => {
			const image = await client.uploaded(await plain('#e02020'));
			const data = await generate(client, 'Image', { model: MESH, image });
			expect((data['outputs'] as unknown as string[]).map((url) => url.split('.').pop())).toEqual([
				'glb',
				'zip',
				'png',
			]);
			const [glb, zip, preview] = await outputFiles(data);
			expect(glb!.toString('latin1', 0, 4)).toBe('glTF');
			expect(glb!.readUInt32LE(8)).toBe(glb!.length);
			const json = JSON.parse(glb!.toString('utf8', 20, 20 + glb!.readUInt32LE(12))) as {
				buffers: Array<{ byteLength: number }>;
			};
			expect(json.buffers[0]!.byteLength).toBe(glb!.readUInt32LE(20 + glb!.readUInt32LE(12)));
			expect(zip!.toString('latin1', 0, 4)).toBe('PK\x03\x04');
			expect(zip!.toString('latin1')).toMatch(/model\.obj[^]*model\.mtl[^]*PK\x01\x02/);
			expect((await sharp(preview).metadata()).width).toBe(1024);
			expect((await call(String(data['outputs']![0]))).headers['content-type']).toBe('model/gltf-binary');
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
