import { AUDIO_MODELS } from './audio';
import { IMAGE_TOOL_MODELS } from './imageTools';
import { HIDDEN_MODEL, MADE_UP_MODELS } from './madeUp';
import type { Model } from './model';
import { SEEDREAM_MODELS } from './seedream';
import { VIDEO_MODELS } from './video';

/** The whole catalog, in its order. */
export const MODELS: readonly Model[] = [
	...MADE_UP_MODELS.slice(0, 20),
	...SEEDREAM_MODELS,
	HIDDEN_MODEL,
	...VIDEO_MODELS,
	...AUDIO_MODELS,
	...IMAGE_TOOL_MODELS,
	...MADE_UP_MODELS.slice(20),
];

const BY_ID = new Map(MODELS.map((model) => [model.id, model]));

export function findModel(id: string): Model | undefined {
	return BY_ID.get(id);
}
