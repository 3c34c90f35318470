import { ALL_FORMATS, BufferSource, Input } from 'mediabunny';
import { checkImage, type InputImage } from './inputImages';
import { InputRefusal, sourceOf, type MediaKind, type Source, type Storage } from './inputSource';
import type { InputSchema } from './models/model';
import { mediaKindOf } from './models/properties';
import type { Fields } from './schemaRules';

export interface InputClip {
	seconds: number;
	/** Of a video. */
	size: { width: number; height: number } | null;
}

/** The files of one task, in the order of its fields. */
export interface MediaInputs {
	images: InputImage[];
	/** Videos and sounds, by the name of their field. */
	clips: Record<string, InputClip[]>;
}

/** Fetches and checks every file the fields name, as the model would. */
export async function openMedia(
	fields: Fields,
	{ properties }: InputSchema,
	storage: Storage,
): Promise<MediaInputs> {
	const inputs: MediaInputs = { images: [], clips: {} };
	for (const [field, property] of Object.entries(properties)) {
		const kind = mediaKindOf(property);
		const urls = kind ? [fields[field] ?? []].flat() : [];
		for (const [index, url] of urls.entries()) {
			const name = Array.isArray(fields[field]) ? `${field}[${index}]` : field;
			const source = await sourceOf(name, String(url), kind ?? 'image', storage);
			await checkSize(name, source, property['x-max-size-mb'] ?? Infinity);
			if (kind === 'image') inputs.images.push(await checkImage(name, source));
			else (inputs.clips[field] ??= []).push(await readClip(name, source, kind ?? 'video'));
		}
	}
	return inputs;
}

/** The length of one field's file, or null where it cannot be read. */
export async function secondsOf(url: unknown, kind: MediaKind, storage: Storage): Promise<number | null> {
	try {
		const source = await sourceOf('input', String(url), kind, storage);
		return (await readClip('input', source, kind)).seconds;
	} catch {
		return null;
	}
}

async function checkSize(name: string, source: Source, maxMb: number): Promise<void> {
	const { length } = await source.bytes();
	if (length > maxMb * 1024 * 1024) throw new InputRefusal(`${name}: the file is larger than ${maxMb} MB`);
}

async function readClip(name: string, source: Source, kind: MediaKind): Promise<InputClip> {
	const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(await source.bytes()) });
	try {
		const video = await input.getPrimaryVideoTrack();
		const audio = await input.getPrimaryAudioTrack();
		if (!(kind === 'video' ? video : audio)) throw new Error(`no ${kind} track`);
		const size = video && { width: video.displayWidth, height: video.displayHeight };
		return { seconds: await input.computeDuration(), size };
	} catch {
		throw new InputRefusal(`${name}: unsupported file type: not ${kind} that can be read`);
	} finally {
		input.dispose();
	}
}
