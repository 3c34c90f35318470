/** Kilobits per second of a Layer III frame, by MPEG version and index. 0 and 15 are not used. */
const BIT_RATES = {
	1: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
	2: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
};

const SAMPLE_RATES = [44_100, 48_000, 32_000];

/** How much slower each version's samples are; undefined for the one that does not exist. */
const RATE_DIVISORS = [4, undefined, 2, 1];

/** The length in bytes of the Layer III frame that begins at an offset; null if none does. */
function frameLength(bytes: Uint8Array, at: number): number | null {
	if (bytes[at] !== 0xff || (bytes[at + 1] & 0xe6) !== 0xe2) return null;
	const divisor = RATE_DIVISORS[(bytes[at + 1] >> 3) & 3];
	const sampleRate = SAMPLE_RATES[(bytes[at + 2] >> 2) & 3];
	const isVersion1 = divisor === 1;
	const kilobits = BIT_RATES[isVersion1 ? 1 : 2][bytes[at + 2] >> 4];
	if (divisor === undefined || !sampleRate || !kilobits) return null;
	const padding = (bytes[at + 2] >> 1) & 1;
	return Math.floor(((isVersion1 ? 144 : 72) * kilobits * 1_000) / (sampleRate / divisor)) + padding;
}

/**
 * Whether bytes begin with two MP3 frames, one after the other. One alone is no proof: of a few
 * thousand noisy files, one begins like a frame.
 */
export function beginsWithMp3Frames(bytes: Uint8Array): boolean {
	const length = frameLength(bytes, 0);
	return length !== null && frameLength(bytes, length) !== null;
}
