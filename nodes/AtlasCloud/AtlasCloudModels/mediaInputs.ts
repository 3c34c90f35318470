import type { IExecuteFunctions } from 'n8n-workflow';
import { inputError, truncate } from '../api/errors';
import { asObject, type JsonObject } from '../api/json';
import { kindByUrl } from '../api/models/mediaFields';
import type { InputFile } from '../api/files/uploads';
import { splitText, type MediaInput } from '../api/models/modelInputs';
import type { InputPath } from '../api/purchases/inputPaths';
import type { PurchaseInput } from '../api/purchases/purchaseRequest';
import { findByNameOrOnly, isBinaryLike, readBinaryFields, type BinaryFields } from '../items/binaryFields';
import { ANY_MEDIA, readMedia, type MediaSource } from '../items/inputMedia';

/** The files of a request. */
export interface RequestMedia {
	/** What stands beside the files in a list of objects, such as their types. */
	body: JsonObject;
	inputs: PurchaseInput[];
}

/**
 * Reads the values of a model's media fields. Uploads nothing.
 * @throws AtlasError (`input`)
 */
export async function readMediaInputs(
	context: IExecuteFunctions,
	itemIndex: number,
	media: MediaInput[],
): Promise<RequestMedia> {
	const binaryFields = readBinaryFields(context, itemIndex);
	const read: RequestMedia = { body: {}, inputs: [] };
	for (const field of media) {
		const entries = await Promise.all(
			field.values.map(async (value) => await readEntry(context, binaryFields, field, value)),
		);
		if (field.rule.objectKey !== null) read.body[field.name] = entries.map(({ rest }) => rest);
		read.inputs.push(...entries.map(({ source }, i) => ({ path: pathOf(field, i), ...source })));
	}
	return read;
}

function pathOf({ name, rule: { isList, objectKey } }: MediaInput, index: number): InputPath {
	if (!isList) return [name];
	return objectKey === null ? [name, index] : [name, index, objectKey];
}

interface MediaEntry {
	source: MediaSource;
	/** The rest of its object, where the list holds objects. */
	rest: JsonObject;
}

async function readEntry(
	{ helpers }: IExecuteFunctions,
	binaryFields: BinaryFields,
	field: MediaInput,
	value: unknown,
): Promise<MediaEntry> {
	const { objectKey } = field.rule;
	const object = isBinaryLike(value) ? undefined : asObject(value);
	if (objectKey === null || !object) {
		const source = await readMedia(helpers, binaryFields, field, value);
		return { source, rest: objectKey === null ? {} : kindOf(field, source) };
	}
	const { [objectKey]: inner, ...rest } = object;
	const source = await readMedia(helpers, binaryFields, field, inner);
	const { kindKey } = field.rule;
	return { source, rest: kindKey === null || kindKey in rest ? rest : { ...rest, ...kindOf(field, source) } };
}

/** What the object of a file says about its kind. */
function kindOf({ title, rule: { objectKey, kindKey } }: MediaInput, { file, url }: MediaSource): JsonObject {
	if (kindKey === null || objectKey === null) return {};
	const mimeType = file?.kind.mimeType ?? /^data:([a-z]+)\//i.exec(url ?? '')?.[1].toLowerCase();
	const kind = mimeType?.split('/')[0] ?? kindByUrl(url ?? '');
	if (kind) return { [kindKey]: kind };
	throw inputError(
		`${title}: "${truncate(url ?? '')}" doesn’t say whether it’s an image, a video, or audio`,
		`Enter it as JSON: [{"${objectKey}": "…", "${kindKey}": "image"}].`,
	);
}

/** Inputs as they were typed. */
export interface UntypedInputs extends RequestMedia {
	/** Files whose names stand in texts. Without the schema it is not known whether they are meant. */
	namedFiles: InputFile[];
	/** A text that is nothing but names of files; null if there is none. */
	namesOnly: { field: string; text: string } | null;
}

/** Deeper than any input that people write. */
const MAX_DEPTH = 5;

/**
 * Takes the files out of inputs whose schema is not known. Everything else stays as it was given.
 * @throws AtlasError (`input`)
 */
export async function readUntypedInputs(
	context: IExecuteFunctions,
	itemIndex: number,
	given: JsonObject,
): Promise<UntypedInputs> {
	const binaryFields = readBinaryFields(context, itemIndex);
	const inputs: PurchaseInput[] = [];
	const named = new Map<string, InputFile>();
	let namesOnly: UntypedInputs['namesOnly'] = null;
	const findNamed = async (text: string, [field]: InputPath): Promise<void> => {
		if (/^\s*data:/i.test(text)) return;
		const names = splitText(text.replace(/["[\]{}]/g, ','));
		const isFile = (name: string) => findByNameOrOnly(binaryFields, name) !== undefined;
		if (names.length > 0 && names.every(isFile)) namesOnly ??= { field, text };
		for (const name of names.filter(isFile)) {
			const { file } = await readMedia(context.helpers, binaryFields, { title: name, rule: ANY_MEDIA }, name);
			if (file) named.set(name, file);
		}
	};
	const takeOut = async (value: unknown, path: InputPath): Promise<unknown> => {
		if (isBinaryLike(value)) {
			const field = { title: path[0], rule: ANY_MEDIA };
			inputs.push({ path, ...(await readMedia(context.helpers, binaryFields, field, value)) });
			return null;
		}
		if (typeof value === 'string') await findNamed(value, path);
		if (path.length >= MAX_DEPTH) return value;
		if (Array.isArray(value)) {
			return await Promise.all(value.map(async (one: unknown, i) => await takeOut(one, [...path, i])));
		}
		const object = asObject(value);
		return object ? await takeOutOf(object, path) : value;
	};
	const takeOutOf = async (object: JsonObject, path: readonly [] | InputPath): Promise<JsonObject> => {
		const entries = Object.entries(object).map(async ([key, value]) => {
			const innerPath: InputPath = path.length === 0 ? [key] : [...path, key];
			return [key, await takeOut(value, innerPath)] as const;
		});
		return Object.fromEntries(await Promise.all(entries));
	};
	const body = await takeOutOf(given, []);
	// In the same order each time: a retry recognizes the request by it.
	const order = ({ path }: PurchaseInput) => path.join('/');
	const names = [...named.keys()].sort();
	return {
		body,
		inputs: inputs.sort((a, b) => order(a).localeCompare(order(b))),
		namedFiles: names.flatMap((name) => named.get(name) ?? []),
		namesOnly,
	};
}
