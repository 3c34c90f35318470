import {
	BufferTarget,
	EncodedAudioPacketSource,
	EncodedPacket,
	EncodedVideoPacketSource,
	Mp4OutputFormat,
	Output,
} from 'mediabunny';
import sharp, { type Sharp } from 'sharp';
import type { Pixels } from '../pixels';
import { VOICE_FRAME_SECONDS, VOICE_SAMPLE_RATE, voiceFrames } from './voice';

const FRAMES_PER_SECOND = 4;
/** The mark crosses the image in this many frames, then starts over: only these are encoded. */
const LOOP_FRAMES = 8;
const VIDEO_CODEC = 'av01.0.08M.08';

/** What a video shows, one after the other for the same time, with the mark moving over it. All of one size. */
export interface Film {
	scenes: readonly Pixels[];
	seconds: number;
	withSound: boolean;
}

/**
 * An MP4 file that browsers and ffmpeg play, made without native tools other than sharp.
 *
 * sharp encodes each frame as AVIF, whose payload is an AV1 key frame, and mediabunny writes those into an MP4 file as
 * they are. MJPEG would be simpler, but browsers do not play it; H.264 would need an encoder of its own.
 */
export async function makeVideo({ scenes, seconds, withSound }: Film): Promise<Buffer> {
	const target = new BufferTarget();
	const output = new Output({ format: new Mp4OutputFormat(), target });
	const video = new EncodedVideoPacketSource('av1');
	const audio = new EncodedAudioPacketSource('mp3');
	output.addVideoTrack(video, { frameRate: FRAMES_PER_SECOND });
	if (withSound) output.addAudioTrack(audio);
	await output.start();
	await addFrames(video, scenes, seconds);
	if (withSound) await addVoice(audio, seconds);
	await output.finalize();
	if (!target.buffer) throw new Error('mediabunny wrote no file');
	return Buffer.from(target.buffer);
}

/** The last frame on its own, as PNG. */
export async function lastFrame({ scenes, seconds }: Film): Promise<Buffer> {
	const index = Math.round(seconds * FRAMES_PER_SECOND) - 1;
	return await withMark(lastOf(scenes), index % LOOP_FRAMES)
		.png()
		.toBuffer();
}

async function addFrames(
	video: EncodedVideoPacketSource,
	scenes: readonly Pixels[],
	seconds: number,
): Promise<void> {
	const { width, height } = lastOf(scenes);
	const meta = { decoderConfig: { codec: VIDEO_CODEC, codedWidth: width, codedHeight: height } };
	const count = Math.max(1, Math.round(seconds * FRAMES_PER_SECOND));
	const encoded = new Map<string, Promise<Uint8Array>>();
	for (let index = 0; index < count; index += 1) {
		const scene = Math.floor((index / count) * scenes.length);
		const step = index % LOOP_FRAMES;
		const key = `${scene}/${step}`;
		const frame = encoded.get(key) ?? av1Frame(withMark(scenes[scene] ?? lastOf(scenes), step));
		encoded.set(key, frame);
		const packet = new EncodedPacket(await frame, 'key', index / FRAMES_PER_SECOND, 1 / FRAMES_PER_SECOND);
		await video.add(packet, meta);
	}
}

async function addVoice(audio: EncodedAudioPacketSource, seconds: number): Promise<void> {
	const meta = { decoderConfig: { codec: 'mp3', sampleRate: VOICE_SAMPLE_RATE, numberOfChannels: 1 } };
	for (const [index, frame] of voiceFrames(seconds).entries()) {
		const startSeconds = index * VOICE_FRAME_SECONDS;
		await audio.add(new EncodedPacket(frame, 'key', startSeconds, VOICE_FRAME_SECONDS), meta);
	}
}

/** The image with the "sandbox" mark at this step of its way from left to right. */
function withMark({ data, width, height }: Pixels, step: number): Sharp {
	const markHeight = Math.max(1, Math.round(Math.min(height / 8, width / 5)));
	const markWidth = markHeight * 4;
	const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${markWidth}" height="${markHeight}">
		<rect width="100%" height="100%" rx="${markHeight / 4}" fill="#222" opacity="0.75"/>
		<text x="50%" y="68%" text-anchor="middle" font-family="DejaVu Sans, Arial, sans-serif" font-weight="bold"
		font-size="${Math.round(markHeight * 0.55)}" fill="#fff">sandbox</text></svg>`;
	const left = Math.round(((width - markWidth) * step) / (LOOP_FRAMES - 1));
	return sharp(data, { raw: { width, height, channels: 3 } })
		.composite([
			{ input: Buffer.from(svg), left: Math.max(0, left), top: height - Math.round(markHeight * 1.2) },
		])
		.removeAlpha();
}

/** The AV1 key frame inside an AVIF file: the `mdat` box without its temporal delimiter, which MP4 does not allow. */
async function av1Frame(image: Sharp): Promise<Uint8Array> {
	const avif = await image.avif({ effort: 0, quality: 60, chromaSubsampling: '4:2:0' }).toBuffer();
	const frame = avif.subarray(avif.indexOf('mdat', 0, 'latin1') + 4);
	return frame[0] === 0x12 && frame[1] === 0 ? frame.subarray(2) : frame;
}

function lastOf(scenes: readonly Pixels[]): Pixels {
	const last = scenes.at(-1);
	if (!last) throw new Error('a video needs at least one scene');
	return last;
}
