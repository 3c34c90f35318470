import type { IBinaryData, IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { trimInvisible } from '../api/cells';
import { inputError } from '../api/errors';
import { addressIn } from '../api/fileList';
import { asObject, omit } from '../api/json';
import { truncate } from '../api/text';

export type BinaryField = [name: string, binary: IBinaryData];

/** An item's files. */
export interface ItemFiles {
	item: INodeExecutionData;
	fields: BinaryField[];
	/**
	 * Whether n8n 2.x keeps files in the json (a workflow setting, read as n8n's `assertBinaryData` does). In any other
	 * workflow, a file in the json may come from a stranger, such as the sender of a webhook.
	 */
	isCombined: boolean;
}

/** Whether a field of an item's binary holds a file. As n8n's HTTP Request node, it does without a type. */
function isBinary(value: unknown): value is IBinaryData {
	const object = asObject(value);
	return object !== undefined && (typeof object.data === 'string' || typeof object.id === 'string');
}

/**
 * The id of a file that n8n stored: storage mode, perhaps folders, and a UUID that nobody can guess. An id in the json
 * can be anybody's, and n8n's own helpers would accept any text.
 */
const STORED_ID =
	/^[a-z0-9-]+:(?:[\w~-]+\/)*[\w-]*[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a file in the json may be read: it holds its content, or n8n stored it. */
export function isTrustedBinary(value: unknown): value is IBinaryData {
	const object = asObject(value);
	if (typeof object?.mimeType !== 'string') return false;
	return object.id ? STORED_ID.test(String(object.id)) : typeof object.data === 'string';
}

/** Whether the value of an expression is meant as a file; its content may be missing, see {@link findByValue}. */
export function isBinaryLike(value: unknown): value is IBinaryData {
	const object = asObject(value);
	if (!object) return false;
	const isNamed = object.fileName !== undefined || object.fileExtension !== undefined;
	const isFile = isNamed && (object.mimeType !== undefined || isBinary(value));
	return isTrustedBinary(value) || (isFile && addressIn(value) === null);
}

/** A file whose name and type are texts: a Code node or a webhook may have given anything. */
function withTexts(binary: IBinaryData): IBinaryData {
	const texts = ['id', 'fileName', 'fileExtension', 'mimeType'] as const;
	const given = texts.filter((key) => (binary[key] ?? null) !== null);
	if (given.every((key) => typeof binary[key] === 'string')) return binary;
	return { ...binary, ...Object.fromEntries(given.map((key) => [key, String(binary[key])])) };
}

/** A list of files, as a form leaves them in combined mode, is named as it would be without: `Photo_0`. */
function fieldsIn(holder: unknown, isFile: (value: unknown) => value is IBinaryData): BinaryField[] {
	return Object.entries(asObject(holder) ?? {})
		.flatMap(([name, value]): Array<[string, unknown]> =>
			Array.isArray(value) ? value.map((one, i) => [`${name}_${i}`, one]) : [[name, value]],
		)
		.filter((entry): entry is BinaryField => isFile(entry[1]))
		.map(([name, binary]) => [name, withTexts(binary)]);
}

/** Whether n8n keeps files in the json: see {@link ItemFiles}. 1.x has no such setting. */
function isCombinedMode(context: IExecuteFunctions): boolean {
	return asObject(context.getWorkflowSettings?.())?.binaryMode === 'combined';
}

/** An item's fields without the files that n8n keeps among them. */
export function fieldsWithoutFiles(context: IExecuteFunctions, json: IDataObject): IDataObject {
	return isCombinedMode(context) ? (omit(json, '_files') as IDataObject) : json;
}

/** Reads an item's files: its binary fields, and in 2.x's combined binary mode those in its json. */
export function readBinaryFields(context: IExecuteFunctions, itemIndex: number): ItemFiles {
	const item = context.getInputData()[itemIndex];
	const isCombined = isCombinedMode(context);
	const fields = fieldsIn(item.binary, isBinary);
	if (isCombined) {
		fields.push(...fieldsIn(item.json._files, isTrustedBinary), ...fieldsIn(item.json, isTrustedBinary));
	}
	const seen = new Set<string>();
	return { item, fields: fields.filter(([name]) => seen.size < seen.add(name).size), isCombined };
}

/**
 * A file by its field name: exactly, or else without what is invisible around it. In combined mode also by its path in
 * the json (`_files.data`, `photo.front`).
 */
export function findByName({ item, fields, isCombined }: ItemFiles, name: string): IBinaryData | undefined {
	const exact = fields.find(([own]) => own === name)?.[1];
	if (exact) return exact;
	const trimmed = trimInvisible(name);
	const found = fields.find(([own]) => trimInvisible(own) === trimmed)?.[1];
	if (found || !isCombined) return found;
	const value = trimmed.split('.').reduce<unknown>((inner, key) => asObject(inner)?.[key], item.json);
	return isTrustedBinary(value) ? withTexts(value) : undefined;
}

/**
 * A file by the value of an expression. n8n's data proxy drops the base64 from `{{ $binary.photo }}`, so a file in
 * memory is found by its other properties.
 * @param title the display name of the parameter
 * @returns the field's name is null for a file that is not one of the item's fields
 * @throws AtlasError (`input`) where it cannot be told which file is meant: the wrong one would be paid for
 */
export function findByValue(
	value: IBinaryData,
	{ fields }: ItemFiles,
	title: string,
): { fieldName: string | null; binary: IBinaryData } {
	const binary = withContent(withTexts(value), fields, title);
	const field = fields.find(([, own]) => own === binary || (own.id && own.id === binary.id));
	if (field) return { fieldName: field[0], binary: field[1] };
	if (isTrustedBinary(binary)) return { fieldName: null, binary };
	const hasContent = isBinary(binary);
	throw inputError(
		`The expression in '${title}' returns a file ${hasContent ? 'that n8n didn’t store' : 'without content'}`,
		`Enter the name of its field instead. If another service lists the file, download it with that service’s node first.`,
	);
}

function withContent(binary: IBinaryData, fields: BinaryField[], title: string): IBinaryData {
	if (binary.id || binary.data) return binary;
	const matches = fields.filter(([, own]) =>
		(['fileName', 'mimeType', 'fileSize', 'bytes'] as const).every((key) => own[key] === binary[key]),
	);
	if (new Set(matches.map(([, { data }]) => data)).size > 1) {
		throw inputError(
			`The expression in '${title}' matches several files: ${truncate(matches.map(([name]) => name).join(', '))}`,
			'They have the same name, type, and size. Enter the field name instead of an expression.',
		);
	}
	return matches[0]?.[1] ?? binary;
}
