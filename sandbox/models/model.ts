/** What the sandbox knows of a model: its place in the catalog, its price, its input and what it makes. */

export type ModelType = 'Image' | 'Video' | 'Text' | 'Audio';

export type PriceUnit = 'generation' | 'second' | 'image' | 'minute' | '1k_chars';

export interface Price {
	/** What the account pays for one unit. */
	usd: number;
	unit: PriceUnit;
	/** The list price, where a discount applies. */
	listUsd?: number;
	/** For one unit of an image with more pixels than this; the catalog does not tell. */
	large?: { abovePixels: number; usd: number };
	/** For each input image; the catalog does not tell. */
	perInputImageUsd?: number;
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
	multipleOf?: number;
	minLength?: number;
	maxLength?: number;
	items?: Property;
	minItems?: number;
	maxItems?: number;
	properties?: Record<string, Property>;
	required?: readonly string[];
	format?: string;
	anyOf?: readonly Property[];
	examples?: readonly unknown[];
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

/** How a client chooses the size of an image (docs/atlas-cloud-api.md, Sizes of the Seedream models). */
export interface SizeFields {
	/** Of the schema; none where the model chooses itself. */
	properties: Record<string, Property>;
	/** What is allowed of a `W*H` beyond what the schema says. */
	limits?: { minSide?: number; maxSide?: number; minPixels?: number; maxPixels?: number };
}

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
	/** How many input images; null where the model takes none. `isOne`: a field `image` in place of the list. */
	images: { min: number; max: number; isOne?: boolean } | null;
	size: SizeFields;
	outputFormat: boolean;
	/** Whether the background can be made transparent. */
	background: boolean;
	/** Whether a field that the schema does not declare is refused. Atlas Cloud's older models ignore it. */
	isStrict: boolean;
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
