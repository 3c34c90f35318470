/* Looks into videos and sounds: what they are, not what they are called. */
import { ALL_FORMATS, BufferSource, Input } from 'mediabunny';

export interface Media {
	/** Of the container, read from its bytes. */
	mimeType: string;
	seconds: number;
	/** Null for a sound. */
	video: { width: number; height: number } | null;
	hasSound: boolean;
}

/** @throws where the bytes are no video or sound */
export async function openMedia(bytes: Buffer): Promise<Media> {
	const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(bytes) });
	const format = await input.getFormat();
	const video = await input.getPrimaryVideoTrack();
	return {
		mimeType: format.mimeType,
		seconds: await input.computeDuration(),
		video: video && { width: video.displayWidth, height: video.displayHeight },
		hasSound: (await input.getPrimaryAudioTrack()) !== null,
	};
}
