import type { IBinaryData } from 'n8n-workflow';
import { inputError } from '../api/errors';
import { asArray, asObject, type JsonObject } from '../api/json';
import { kindByUrl, type MediaRule } from '../api/models/mediaFields';
import type { MediaInput } from '../api/models/modelInputs';
import type { InputPath, PurchaseInput } from '../api/purchases/request';
import { plural, truncate } from '../api/text';
import { isBinaryLike } from '../items/binaryFields';
import {
	checkFileCount,
	entriesOf,
	fileFieldOf,
	fileReader,
	readEntry,
	type FileReader,
	type InputSource,
} from '../items/inputFiles';
import type { NodeRun } from '../nodeRun';

/** The files of a request. */
export interface RequestMedia {
	/** What stands beside the files in a list of objects, such as their types. */
	body: JsonObject;
	inputs: PurchaseInput[];
}

/** Reads the values of a model's media fields. Uploads nothing. @throws AtlasError (`input`) */
export async function readMediaInputs(
	run: NodeRun,
	itemIndex: number,
	media: MediaInput[],
): Promise<RequestMedia> {
	const read: RequestMedia = { body: {}, inputs: [] };
	for (const field of media) {
		const reader = fileReader(run, itemIndex, fileFieldOf(field.title, field.rule));
		const given = await entriesOf(reader, field.value);
		const found = given.map(async (entry) => await readMedia(reader, field, entry));
		const entries = (await Promise.all(found)).flat();
		if (entries.length === 0 && !field.isRequired) continue;
		checkCount(field, entries.length);
		if (field.rule.objectKey !== null) read.body[field.name] = entries.map(({ rest }) => rest);
		read.inputs.push(...entries.map(({ source }, i) => ({ ...source, path: pathOf(field, i) })));
	}
	return read;
}

function checkCount({ title, min, max }: MediaInput, count: number): void {
	const but = `, but this item has ${count}`;
	if (count < min)
		throw inputError(`'${title}' needs at least ${plural(min, 'file')}${but}`, 'Add the others.');
	if (count <= max) return;
	throw inputError(`'${title}' accepts at most ${plural(max, 'file')}${but}`, 'Use fewer files per item.');
}

function pathOf({ name, rule: { isList, objectKey } }: MediaInput, index: number): InputPath {
	if (!isList) return [name];
	return objectKey === null ? [name, index] : [name, index, objectKey];
}

interface MediaEntry {
	source: InputSource;
	/** The rest of its object, where the list holds objects. */
	rest: JsonObject;
}

async function readMedia(reader: FileReader, field: MediaInput, entry: unknown): Promise<MediaEntry[]> {
	const { objectKey, entry: known = {} } = field.rule;
	const object = isBinaryLike(entry) || objectKey === null ? undefined : asObject(entry);
	const { [objectKey ?? '']: inner, ...others } = object ?? {};
	// Another service’s object may have its address elsewhere, and much that the model does not know.
	const sources = await readEntry(reader, inner ?? entry);
	const rest = Object.fromEntries(Object.entries(others).filter(([key]) => Object.hasOwn(known, key)));
	return sources.map((source) => ({ source, rest: { ...rest, ...kindOf(field, source, rest) } }));
}

/** What the object of a file says about its kind. @param rest what stands beside the file: `image/png` tells it, too */
function kindOf({ title, rule }: MediaInput, { file, url }: InputSource, rest: JsonObject): JsonObject {
	const { objectKey, kindKey, entry } = rule;
	if (kindKey === null || objectKey === null) return {};
	const told = String(rest[kindKey]).split('/')[0].toLowerCase();
	const kinds = asArray(asObject(entry?.[kindKey])?.enum);
	const kind =
		kinds.find((one) => String(one).toLowerCase() === told) ??
		(file ? file.kind.mimeType.split('/')[0] : kindByUrl(url));
	if (kind) return { [kindKey]: kind };
	throw inputError(
		`'${title}': "${truncate(url ?? '')}" doesn’t show whether the file is an image, a video, or audio`,
		`Enter it as JSON: [{"${objectKey}": "…", "${kindKey}": "image"}].`,
	);
}

/** Takes anything: for models that have no schema. */
const ANY_MEDIA: MediaRule = {
	kind: null,
	isList: true,
	objectKey: null,
	kindKey: null,
	accept: [],
	maxSizeMb: null,
};

/** Deeper than any input that people write. */
const MAX_DEPTH = 5;

/**
 * Takes the files out of inputs whose schema is not known. Everything else stays as it was given.
 * @throws AtlasError (`input`)
 */
export async function readUntypedInputs(
	run: NodeRun,
	itemIndex: number,
	given: JsonObject,
): Promise<RequestMedia> {
	const found: Array<{ path: InputPath; value: IBinaryData }> = [];
	const takeOut = (value: unknown, path: InputPath): unknown => {
		if (isBinaryLike(value)) {
			checkFileCount(`'${truncate(path[0])}'`, found.push({ path, value }));
			return null;
		}
		if (path.length >= MAX_DEPTH) return value;
		if (Array.isArray(value)) return value.map((one: unknown, i) => takeOut(one, [...path, i]));
		const object = asObject(value);
		return object ? mapValues(object, (one, key) => takeOut(one, [...path, key])) : value;
	};
	const body = mapValues(given, (one, key) => takeOut(one, [key]));
	const inputs = await Promise.all(
		found.map(async ({ path, value }): Promise<PurchaseInput> => {
			const reader = fileReader(run, itemIndex, fileFieldOf(path[0], ANY_MEDIA));
			const [source] = await readEntry(reader, value);
			return { ...source, path };
		}),
	);
	// In the same order each time: a retry recognizes the request by it.
	const order = ({ path }: PurchaseInput) => path.join('/');
	return { body, inputs: inputs.sort((a, b) => order(a).localeCompare(order(b))) };
}

function mapValues(object: JsonObject, map: (value: unknown, key: string) => unknown): JsonObject {
	return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value, key)]));
}
