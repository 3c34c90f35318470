import type { IBinaryData, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { inputError } from '../api/errors';
import { asObject } from '../api/json';

export type BinaryField = [name: string, binary: IBinaryData];

/** An item's files. */
export interface BinaryFields {
	item: INodeExecutionData;
	fields: BinaryField[];
	/**
	 * Whether n8n 2.x keeps files in the json (a workflow setting, read as n8n's `assertBinaryData` does). In any other
	 * workflow, a file in the json may come from a stranger, such as the sender of a webhook.
	 */
	isCombined: boolean;
}

/** n8n-workflow 1.x has no such check. A file in memory has `data`, a stored one has an `id`. */
export function isBinary(value: unknown): value is IBinaryData {
	const object = asObject(value);
	return object !== undefined && typeof object.mimeType === 'string' && ('data' in object || 'id' in object);
}

/**
 * The id of a file that n8n stored: storage mode, perhaps folders, and a UUID that nobody can guess. An id in the json
 * can be anybody's, and n8n's own helpers would accept any text.
 */
const STORED_ID =
	/^[a-z0-9-]+:(?:[\w~-]+\/)*[\w-]*[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a file in the json may be read: it holds its content, or n8n stored it. */
export function isTrustedBinary(value: unknown): value is IBinaryData {
	if (!isBinary(value)) return false;
	return value.id ? STORED_ID.test(value.id) : typeof value.data === 'string';
}

function fieldsIn(holder: unknown, isFile: (value: unknown) => value is IBinaryData): BinaryField[] {
	return Object.entries(asObject(holder) ?? {}).filter((entry): entry is BinaryField => isFile(entry[1]));
}

/** Reads an item's files: its binary fields, and in 2.x's combined binary mode those in its json. */
export function readBinaryFields(context: IExecuteFunctions, itemIndex: number): BinaryFields {
	const item = context.getInputData()[itemIndex];
	// n8n 1.x has no such setting.
	const isCombined = asObject(context.getWorkflowSettings?.())?.binaryMode === 'combined';
	const fields = fieldsIn(item.binary, isBinary);
	if (isCombined) {
		fields.push(...fieldsIn(item.json._files, isTrustedBinary), ...fieldsIn(item.json, isTrustedBinary));
	}
	const isFirst = ([name]: BinaryField, i: number) => fields.findIndex(([other]) => other === name) === i;
	return { item, fields: fields.filter(isFirst), isCombined };
}

/** A file by its field name, or in combined mode by its path in the json (`_files.data`, `photo.front`). */
export function findByName(
	{ item, fields, isCombined }: BinaryFields,
	name: string,
): IBinaryData | undefined {
	const found = fields.find(([fieldName]) => fieldName === name)?.[1];
	if (found || !isCombined) return found;
	const value = name.split('.').reduce<unknown>((inner, key) => asObject(inner)?.[key], item.json);
	return isTrustedBinary(value) ? value : undefined;
}

/** The default name `data` also means the item's only file: forms and chats choose their own field names. */
export function onlyField({ fields }: BinaryFields, name: string): BinaryField | undefined {
	return name === 'data' && fields.length === 1 ? fields[0] : undefined;
}

/** A file by the name that a model's input gives: that of a field, or the one that means the only file. */
export function findByNameOrOnly(binaryFields: BinaryFields, name: string): IBinaryData | undefined {
	return findByName(binaryFields, name) ?? onlyField(binaryFields, name)?.[1];
}

/** Whether a value is meant as a file; its content may be missing, see {@link findByValue}. */
export function isBinaryLike(value: unknown): value is IBinaryData {
	const object = asObject(value);
	return isBinary(value) || (object?.mimeType !== undefined && object.fileName !== undefined);
}

/** How messages speak of the parameter that gives a file. */
export interface ParameterWords {
	/** Its display name. */
	title: string;
	/** What to do next. */
	advice: (fields: BinaryField[]) => string;
}

/**
 * A file by the value of an expression. n8n's data proxy drops the base64 from `{{ $binary.photo }}`, so a file in
 * memory is found by its other properties.
 * @returns the field's name is null for a file that is not one of the item's fields
 * @throws AtlasError (`input`) where it cannot be told which file is meant: the wrong one would be paid for
 */
export function findByValue(
	value: IBinaryData,
	fields: BinaryField[],
	{ title, advice }: ParameterWords = { title: 'Input Data Field Name', advice: describeFields },
): { fieldName: string | null; binary: IBinaryData } {
	const binary = withContent(value, fields, title);
	if (!isBinary(binary)) {
		throw inputError(`The expression in ${title} returns a file without content`, advice(fields));
	}
	const field = fields.find(([, own]) => own === binary || (own.id !== undefined && own.id === binary.id));
	if (field || isTrustedBinary(binary)) return { fieldName: field?.[0] ?? null, binary };
	throw inputError(`The expression in ${title} returns a file that n8n didn’t store`, advice(fields));
}

function withContent(binary: IBinaryData, fields: BinaryField[], title: string): IBinaryData {
	if (binary.id || binary.data) return binary;
	const matches = fields.filter(([, own]) =>
		(['fileName', 'mimeType', 'fileSize', 'bytes'] as const).every((key) => own[key] === binary[key]),
	);
	if (new Set(matches.map(([, { data }]) => data)).size > 1) {
		throw inputError(
			`The expression in ${title} matches several files: ${matches.map(([name]) => name).join(', ')}`,
			'They have the same name, type, and size. Enter the field name instead of an expression.',
		);
	}
	return matches[0]?.[1] ?? binary;
}

/** What an error about Input Data Field Name says to do next. */
export function describeFields(fields: BinaryField[]): string {
	return fields.length > 0
		? `Files in this item: ${fields.map(([name]) => name).join(', ')}. Enter one of these names in Input Data Field Name, several separated by commas, or * for all images.`
		: 'This item has no files. Check that the previous node returns an image file, or set Image Source to Image URL.';
}
