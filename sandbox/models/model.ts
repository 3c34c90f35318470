/** What the sandbox knows of a model: its place in the catalog, its price, its input and what it makes. */

export type ModelType = 'Image' | 'Video' | 'Text' | 'Audio';

export type PriceUnit = 'generation' | 'second' | 'image' | 'minute' | '1k_chars';

export interface Price {
	/** What the account pays for one unit. */
	usd: number;
	unit: PriceUnit;
	/** The list price, where a discount applies. */
	listUsd?: number;
}

/** One property of an input schema, with Atlas Cloud's own extensions (see docs/atlas-cloud-api.md, Catalog). */
export interface Property {
	type?: 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object' | 'null';
	title?: string;
	description?: string;
	default?: unknown;
	enum?: readonly unknown[];
	minimum?: number;
	maximum?: number;
	minLength?: number;
	maxLength?: number;
	items?: Property;
	minItems?: number;
	maxItems?: number;
	properties?: Record<string, Property>;
	required?: readonly string[];
	format?: string;
	anyOf?: readonly Property[];
	$ref?: string;
	/** The file types a media field takes, comma-separated. */
	'x-accept'?: string;
	'x-max-size-mb'?: number;
	hidden?: boolean;
	disabled?: boolean;
}

export interface InputSchema {
	/** In the order of `x-order-properties`. */
	properties: Record<string, Property>;
	required: readonly string[];
	/** Schemas beside `Input` that a local `$ref` may name. */
	shared?: Record<string, Property>;
}

interface ListedModel {
	id: string;
	type: ModelType;
	displayName: string;
	profile: string;
	price: Price;
	categories: string[];
	tags: string[];
	displayConsole: boolean;
}

/** Only an entry of the catalog: the sandbox refuses to run it. */
export interface UnavailableModel extends ListedModel {
	kind: 'unavailable';
}

export type SizeRule =
	/** Any `W*H` with both sides in this range. */
	| { kind: 'range'; min: number; max: number }
	/** One of these. */
	| { kind: 'list'; sizes: readonly string[] }
	/** One of these words. Whether `W*H` is accepted too is not known: here it is. */
	| { kind: 'tiers'; tiers: readonly string[]; min: number; max: number };

/** How a model is asked for several images at once. */
export interface SequenceRule {
	field: 'max_images' | 'num_images';
	max: number;
	/** Of inputs and outputs together. */
	maxTogether: number;
}

/** Makes or edits images by prompt, with Seedream's fields. */
export interface SeedreamModel extends ListedModel {
	kind: 'seedream';
	/** How many input images; null where the model takes none. */
	images: { min: number; max: number } | null;
	size: SizeRule;
	defaultSize: string;
	outputFormat: boolean;
	/** null where the model makes one image only. */
	sequence: SequenceRule | null;
}

export type MediaProduct = 'video' | 'lipsync' | 'upscale' | 'speech' | 'transcript' | 'lyrics' | 'mesh';

/** Anything else, defined by its schema. */
export interface MediaModel extends ListedModel {
	kind: 'media';
	input: InputSchema;
	makes: MediaProduct;
}

export type Model = UnavailableModel | SeedreamModel | MediaModel;
export type RunnableModel = SeedreamModel | MediaModel;
