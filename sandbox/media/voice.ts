import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The sound of every video and mp3: 50 MPEG-2 layer 3 frames, 24 kHz mono, 32 kbit/s. Each stands alone (made with LAME
 * without its bit reservoir), so they loop without a click and any number of them is a valid file.
 */
const FRAMES = readFileSync(join(__dirname, 'voice.mp3'));
const FRAME_BYTES = 96;
const FRAME_COUNT = FRAMES.length / FRAME_BYTES;

export const VOICE_SAMPLE_RATE = 24_000;
export const VOICE_FRAME_SECONDS = 576 / VOICE_SAMPLE_RATE;

/** As many frames as fit into the time, at least one. */
export function voiceFrames(seconds: number): Buffer[] {
	const length = Math.max(1, Math.floor(seconds / VOICE_FRAME_SECONDS + 1e-6));
	return Array.from({ length }, (_, index) => {
		const start = (index % FRAME_COUNT) * FRAME_BYTES;
		return FRAMES.subarray(start, start + FRAME_BYTES);
	});
}
