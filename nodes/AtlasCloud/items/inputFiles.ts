import type { IBinaryData } from 'n8n-workflow';
import { checkMeant, trimInvisible } from '../api/cells';
import { inputError } from '../api/errors';
import { addressIn, fileList, isDataUri, isUrl } from '../api/fileList';
import { isOneDataUri, readDataUri } from '../api/files/dataUri';
import { checkInputUrl } from '../api/files/inputUrl';
import type { HeaderFacts } from '../api/files/inspect';
import { adviceOnKind, describeKind, inputKinds, isToldByBytes, type FileKind } from '../api/files/kinds';
import { otherContent } from '../api/files/otherContent';
import { describeAccepted, isAccepted, kindByUrl, type MediaRule } from '../api/models/mediaFields';
import { truncate } from '../api/text';
import { inputContent, type ItemFile, type OpenFile } from '../n8n/itemFile';
import type { NodeRun } from '../nodeRun';
import {
	findByName,
	findByValue,
	isBinaryLike,
	readBinaryFields,
	type BinaryField,
	type ItemFiles,
} from './binaryFields';
import { noFileError, shapeError } from './fileErrors';

/** An input of a request but for its place: a file in n8n, or one that Atlas fetches from its URL. */
export type InputSource = { file: ItemFile; url?: undefined } | { file?: undefined; url: string };

/** A field that takes files, as its messages speak of it and as it limits them. */
export interface FileField {
	/** Its display name. */
	title: string;
	rule: MediaRule;
	/** Goes on after "which": `Seedream can’t edit`. */
	refuses: string;
	/** What it accepts, as a sentence; null if anything. */
	accepts: string | null;
	/** Whether a URL may be entered in place of a file; by default it may. */
	takesUrls?: boolean;
}

/** Reads files of one item for one field. */
export interface FileReader {
	run: NodeRun;
	item: ItemFiles;
	field: FileField;
}

/** A model's media field. */
export function fileFieldOf(title: string, rule: MediaRule): FileField {
	const accepted = describeAccepted(rule);
	return {
		title,
		rule,
		refuses: `'${title}' doesn’t accept`,
		accepts: accepted && `'${title}' accepts ${accepted}.`,
	};
}

/** @throws AtlasError (`input`) */
export function fileReader(run: NodeRun, itemIndex: number, field: FileField): FileReader {
	const item = readBinaryFields(run.context, itemIndex);
	checkFileCount('This item', item.fields.length);
	return { run, item, field };
}

/** Ten times what any model takes. A text or a list of a few MB could have millions. */
const MAX_FILES = 1_000;

/** @param holder the subject of the message @throws AtlasError (`input`) */
export function checkFileCount(holder: string, count: number): void {
	if (count <= MAX_FILES) return;
	throw inputError(
		`${holder} has more than ${MAX_FILES} files`,
		'No model takes that many. Check what the previous node returns.',
	);
}

/** Splits a field's value into its entries, see {@link fileList}. @throws AtlasError (`input`) */
export async function entriesOf({ run, item, field }: FileReader, value: unknown): Promise<unknown[]> {
	const names = new Set(item.fields.map(([name]) => name));
	const given = [value].flat();
	checkFileCount(`'${field.title}'`, given.length);
	const entriesIn = async (one: unknown): Promise<unknown[]> => {
		const isWhole = typeof one === 'string' && (await isOneDataUri(one, [...names], run.client.clock));
		return isWhole ? [one] : fileList(one, (name) => names.has(name));
	};
	const entries = (await Promise.all(given.map(entriesIn))).flat();
	const allCount = entries.filter((entry) => entry === '*').length * item.fields.length;
	checkFileCount(`'${field.title}'`, Math.max(entries.length, allCount));
	return entries;
}

/** Reads all entries of a field, see {@link readEntry}. @throws AtlasError (`input`) */
export async function readFiles(reader: FileReader, value: unknown): Promise<InputSource[]> {
	const entries = await entriesOf(reader, value);
	return (await Promise.all(entries.map(async (entry) => await readEntry(reader, entry)))).flat();
}

/**
 * Reads one entry of a field: a URL, a data URI, the name of one of the item's files, or a file by expression; `*` means
 * all of them. Files are read to their end; nothing is sent.
 * @throws AtlasError (`input`)
 */
export async function readEntry(reader: FileReader, entry: unknown): Promise<InputSource[]> {
	const { run, item, field } = reader;
	const { clock, baseUrl } = run.client;
	if (isBinaryLike(entry)) {
		const { fieldName, binary } = findByValue(entry, item, field.title);
		return [await toSource(reader, fieldName, binary)];
	}
	const value = addressIn(entry) ?? entry;
	if (typeof value !== 'string') throw shapeError(reader, value);
	const text = trimInvisible(value);
	if (isDataUri(text)) {
		const { open, mimeType, fileName } = readDataUri(field.title, text, clock);
		const binary = { data: '', mimeType, ...(fileName ? { fileName } : {}) };
		return [await toSource(reader, null, binary, open)];
	}
	if (isUrl(text)) {
		checkInputUrl(text, { baseUrl, isTool: run.ledger.scope.isTool });
		return [{ url: text }];
	}
	return value === '*' ? await allFiles(reader) : [await fileByName(reader, value)];
}

async function fileByName(reader: FileReader, name: string): Promise<InputSource> {
	const { item, field } = reader;
	const found = findByName(item, name);
	if (found) return await toSource(reader, name, found);
	// The default also means the item's only file: forms and chats choose their own names.
	const candidates = name === 'data' ? await candidatesOf(reader) : [];
	if (candidates.length === 1) return await toSource(reader, ...candidates[0]);
	if (candidates.length > 1) {
		const names = truncate(candidates.map(([own]) => own).join(', '));
		throw inputError(
			`This item has ${candidates.length} files that '${field.title}' could mean: ${names}`,
			field.rule.isList
				? `Enter one or several of these names in '${field.title}', or * for all.`
				: `Enter one of these names in '${field.title}'.`,
		);
	}
	checkMeant(field.title, name);
	throw noFileError(reader, name);
}

/** The item's only file, or else those that claim to be of the field's kind. */
async function candidatesOf(reader: FileReader): Promise<BinaryField[]> {
	const { fields } = reader.item;
	return fields.length === 1 ? fields : await claimants(reader);
}

async function claimants({ run, item, field }: FileReader): Promise<BinaryField[]> {
	const { kind } = field.rule;
	const claims = await Promise.all(
		item.fields.map(async ([, binary]) => {
			if (kind === null || binary.mimeType?.startsWith(`${kind}/`)) return true;
			if (kindByUrl(binary.fileName ?? `.${binary.fileExtension}`) === kind) return true;
			const { kind: kindOfBytes } = await inputContent(run.context.helpers, binary);
			const kinds = inputKinds(kindOfBytes, binary.mimeType ?? '');
			return kinds.some(({ mimeType }) => mimeType.startsWith(`${kind}/`));
		}),
	);
	return item.fields.filter((_field, i) => claims[i]);
}

async function allFiles(reader: FileReader): Promise<InputSource[]> {
	const found = await claimants(reader);
	if (found.length === 0) throw noFileError(reader, '*');
	return await Promise.all(found.map(async ([name, binary]) => await toSource(reader, name, binary)));
}

/**
 * @param fieldName null for a file that is not one of the item's fields
 * @param open the content of a data URI
 */
async function toSource(
	reader: FileReader,
	fieldName: string | null,
	binary: IBinaryData,
	open?: OpenFile,
): Promise<InputSource> {
	const { field } = reader;
	const content = await inputContent(reader.run.context.helpers, binary, open);
	const holder = describeHolder(reader, fieldName, binary);
	const kind = acceptedKind(field, holder, content, binary);
	if (!content.isWhole) {
		throw inputError(
			`${holder} is incomplete: its end is missing`,
			`The ${kind.name} was cut off before it reached this node. Check that the previous node gets all of it.`,
		);
	}
	const { maxSizeMb } = field.rule;
	const sizeMb = content.sizeBytes / 1_000_000;
	if (maxSizeMb !== null && sizeMb > maxSizeMb) {
		throw inputError(
			`${holder} is ${sizeMb.toFixed(1)} MB; the model accepts up to ${maxSizeMb} MB`,
			'Use a smaller file.',
		);
	}
	return { file: { fieldName, fileName: binary.fileName ?? null, kind, binary, content } };
}

function describeHolder(
	{ field }: FileReader,
	fieldName: string | null,
	{ fileName, id }: IBinaryData,
): string {
	if (fieldName !== null) return `The file in ${truncate(fieldName)}`;
	if (fileName) return `The file "${truncate(fileName)}"`;
	return id ? `The file in '${field.title}'` : `The data URI in '${field.title}'`;
}

/**
 * The first kind that the field takes.
 * @param holder what the file is, as a subject: `The file in Photo`
 * @param facts of its bytes
 * @throws AtlasError (`input`) that names what the file is instead
 */
export function acceptedKind(
	{ rule, refuses, accepts }: FileField,
	holder: string,
	{ kind: kindOfBytes, beginning }: HeaderFacts,
	binary: Partial<IBinaryData> = {},
): FileKind {
	const kinds = inputKinds(kindOfBytes, binary.mimeType ?? '');
	const found = kinds.find(({ mimeType, extension }) => isAccepted(rule, mimeType, extension));
	if (found) return found;
	if (kinds.length > 0) {
		const [kind] = kinds;
		throw inputError(
			`${holder} is ${describeKind(kind)}, which ${refuses}`,
			[accepts, adviceOnKind(kind, rule.kind)].join(' ').trim(),
		);
	}
	const declared = declaredKind(binary);
	const isListed = rule.kind === null && isAccepted(rule, declared.mimeType, declared.extension);
	if (beginning.length > 0 && (accepts === null || (isListed && !isToldByBytes(declared)))) return declared;
	const { what, advice } = otherContent(beginning, binary.fileName ?? null, rule.kind);
	const check = [accepts, 'Check what the previous node returns.'].join(' ').trim();
	throw inputError(`${holder} ${what}`, advice ?? check);
}

/** What n8n says of a file, where that is enough. */
function declaredKind({ mimeType, fileExtension }: Partial<IBinaryData>): FileKind {
	const extension = (fileExtension ?? '').replace(/[^A-Za-z0-9]/g, '').toLowerCase();
	const type = mimeType ?? 'application/octet-stream';
	return { name: type, extension: extension || 'bin', mimeType: type, isInput: false };
}
