import { V4_LEAST_SIDE, V4_MOST_SIDE, V5_LITE_SIZES, type SizeRule } from './sizes';

/** What is known of a model before the catalog is asked. */
export interface KnownModel {
	id: string;
	name: string;
	maxInputImages: number;
	sizes: SizeRule;
	/** Of one output picture, on the model's page [S]. */
	priceUsd: number;
}

export const V4_EDIT = 'bytedance/seedream-v4/edit';
export const V5_LITE_EDIT = 'bytedance/seedream-v5.0-lite/edit';
export const DEFAULT_MODEL = V5_LITE_EDIT;

const V4: Omit<KnownModel, 'id' | 'name'> = {
	maxInputImages: 10,
	sizes: { kind: 'range', minSide: V4_LEAST_SIDE, maxSide: V4_MOST_SIDE },
	priceUsd: 0.027,
};
const V5_LITE: Omit<KnownModel, 'id' | 'name'> = {
	maxInputImages: 14,
	sizes: { kind: 'list', sizes: V5_LITE_SIZES },
	priceUsd: 0.032,
};

/** The models that the panel offers also when the catalog cannot be reached (atlas-cloud-api, "The Seedream models"). */
export const KNOWN_MODELS: KnownModel[] = [
	{ id: V5_LITE_EDIT, name: 'Seedream v5.0 Lite Edit', ...V5_LITE },
	{ id: V4_EDIT, name: 'Seedream v4 Edit', ...V4 },
	{ id: `${V5_LITE_EDIT}-sequential`, name: 'Seedream v5.0 Lite Edit Sequential', ...V5_LITE },
	{ id: `${V4_EDIT}-sequential`, name: 'Seedream v4 Edit Sequential', ...V4 },
];

export function knownModel(model: string): KnownModel | undefined {
	return KNOWN_MODELS.find(({ id }) => id === model);
}

/** Whether the model makes several pictures of one prompt (`max_images`) [C][V]. */
export function isSequential(model: string): boolean {
	return model.endsWith('-sequential');
}

/** Inputs and outputs of a sequential model together [C][V]. */
export const MAX_SEQUENTIAL_IMAGES = 15;

/** The most input pictures of any model known: what is let through for a model that is not. */
export const MAX_INPUT_IMAGES = 14;
