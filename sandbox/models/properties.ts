import type { Property } from './model';

/** Properties that several schemas share. */

type MediaKind = 'image' | 'video' | 'audio';

/** The wildcard and the list of extensions are both met on Atlas Cloud: a client has to read either. */
const ACCEPT: Record<MediaKind, string> = {
	image: 'image/jpeg,image/png,image/webp,image/bmp,image/tiff,image/gif',
	video: '.mp4,.mov,.webm',
	audio: 'audio/*',
};
const MAX_SIZE_MB: Record<MediaKind, number> = { image: 30, video: 50, audio: 15 };

export function mediaField(kind: MediaKind, title: string, description: string): Property {
	return {
		type: 'string',
		format: 'uri',
		title,
		description,
		'x-accept': ACCEPT[kind],
		'x-max-size-mb': MAX_SIZE_MB[kind],
	};
}

export function mediaList(kind: MediaKind, title: string, description: string, maxItems: number): Property {
	const { format, ...rest } = mediaField(kind, title, description);
	return { ...rest, type: 'array', items: { type: 'string', format }, maxItems };
}

/** What kind of file the field takes; null where it takes none. */
export function mediaKindOf({ 'x-accept': accept }: Property): MediaKind | null {
	if (accept === undefined) return null;
	if (accept.startsWith('image/')) return 'image';
	return accept.startsWith('audio/') ? 'audio' : 'video';
}

export const PROMPT: Property = {
	type: 'string',
	title: 'Prompt',
	description: 'What to make, or what to change.',
	maxLength: 4000,
};

export function choice(title: string, values: readonly unknown[], preset: unknown): Property {
	const type = typeof values[0] === 'number' ? 'integer' : 'string';
	return { type, title, enum: values, default: preset };
}

export function flag(title: string, preset: boolean): Property {
	return { type: 'boolean', title, default: preset };
}

export const SEED: Property = {
	type: 'integer',
	title: 'Seed',
	description: '-1 picks one at random.',
	minimum: -1,
	maximum: 2_147_483_647,
	default: -1,
};
