import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';
import { inputError, truncate } from '../api/errors';
import { describeKind, type FileKind } from '../api/files/kinds';
import { inputMediaKinds } from '../api/files/inputMediaKind';
import type { InputFile } from '../api/files/uploads';
import { checkInputUrl } from '../api/http/addresses';
import { describeAccepted, isAccepted, type MediaRule } from '../api/models/mediaFields';
import {
	findByNameOrOnly,
	findByValue,
	isBinaryLike,
	type BinaryField,
	type BinaryFields,
} from './binaryFields';
import { bytesOfDataUri } from './inputImages';
import { binaryFile, readHeader } from '../n8n/binary';

/** A file for a model: one of n8n's, or a URL or data URI. */
export type MediaSource = { file: InputFile; url?: undefined } | { file?: undefined; url: string };

/** A media field of a model, as messages speak of it and as its schema limits it. */
export interface MediaField {
	title: string;
	rule: MediaRule;
}

/** Takes anything: for models whose schema cannot be read. */
export const ANY_MEDIA: MediaRule = {
	kind: null,
	isList: true,
	objectKey: null,
	kindKey: null,
	accept: [],
	maxSizeMb: null,
};

/**
 * Reads one value of a media field: a URL, a data URI, the name of one of the item's files, or a file by expression.
 * Sends nothing; the files are read as far as their kind needs.
 * @throws AtlasError (`input`)
 */
export async function readMedia(
	helpers: IExecuteFunctions['helpers'],
	binaryFields: BinaryFields,
	field: MediaField,
	value: unknown,
): Promise<MediaSource> {
	const { title } = field;
	if (isBinaryLike(value)) {
		const advice = describeChoices;
		const { fieldName, binary } = findByValue(value, binaryFields.fields, { title, advice });
		return { file: await toMediaFile(helpers, field, fieldName ?? title, binary) };
	}
	if (typeof value !== 'string') {
		throw inputError(`${title} must be a file or a URL`, describeChoices(binaryFields.fields));
	}
	const text = value.trim();
	if (/^data:/i.test(text)) return { url: checkDataUri(field, text) };
	if (/^https?:\/\//i.test(text)) {
		checkInputUrl(text);
		return { url: text };
	}
	const binary = findByNameOrOnly(binaryFields, text);
	if (binary) return { file: await toMediaFile(helpers, field, text, binary) };
	throw inputError(
		`${title}: this item has no file field named "${truncate(text)}"`,
		describeChoices(binaryFields.fields),
	);
}

function describeChoices(fields: BinaryField[]): string {
	if (fields.length === 0)
		return 'This item has no files. Enter a URL, or check that the previous node returns a file.';
	const names = fields.map(([name]) => name).join(', ');
	return `Enter a URL, or the field name of one of this item’s files: ${names}.`;
}

async function toMediaFile(
	helpers: IExecuteFunctions['helpers'],
	field: MediaField,
	fieldName: string,
	binary: IBinaryData,
): Promise<InputFile> {
	const header = await readHeader(helpers, binary);
	const kind = acceptedKind(
		field,
		inputMediaKinds(header, binary.mimeType),
		`the file "${binary.fileName ?? fieldName}"`,
	);
	const file = await binaryFile(helpers, fieldName, binary, kind ?? declaredKind(binary));
	checkSize(field, file.sizeBytes);
	return file;
}

/** For a field that takes any file, n8n's word is enough. */
function declaredKind({ mimeType, fileExtension }: IBinaryData): FileKind {
	const extension = (fileExtension ?? '').replace(/[^A-Za-z0-9]/g, '').toLowerCase();
	return { name: mimeType, extension: extension || 'bin', mimeType, isInput: false };
}

/**
 * The first kind that the field takes.
 * @returns null where the kind is not known and the field takes any file
 */
function acceptedKind({ title, rule }: MediaField, kinds: FileKind[], what: string): FileKind | null {
	const found = kinds.find(({ mimeType, extension }) => isAccepted(rule, mimeType, extension));
	if (found) return found;
	const accepted = describeAccepted(rule);
	if (accepted === null) return kinds[0] ?? null;
	const isWhat = kinds.length > 0 ? `is ${describeKind(kinds[0])}` : 'is of an unknown type';
	throw inputError(`${title}: ${what} ${isWhat}, which the model doesn’t accept`, `It accepts ${accepted}.`);
}

function checkSize({ title, rule: { maxSizeMb } }: MediaField, sizeBytes: number): void {
	if (maxSizeMb === null || sizeBytes <= maxSizeMb * 1_000_000) return;
	const sizeMb = (sizeBytes / 1_000_000).toFixed(1);
	throw inputError(
		`${title}: the file is ${sizeMb} MB; the model accepts up to ${maxSizeMb} MB`,
		'Use a smaller file.',
	);
}

/** Base64 characters that hold more than the first 512 bytes. */
const HEADER_CHARACTERS = 1_024;

function checkDataUri(field: MediaField, uri: string): string {
	const comma = uri.indexOf(',');
	const match = /^data:([a-z0-9.+/-]{1,100})(?:;[a-z0-9=._-]{1,100})*;base64,$/i.exec(
		uri.slice(0, comma + 1),
	);
	const content = uri.slice(comma + 1);
	// Searching for an invalid character needs no backtracking: a file has many millions of characters.
	if (!match || content === '' || /[^A-Za-z0-9+/=\s_-]/.test(content)) {
		throw inputError(
			`${field.title} is a data URI without base64 content`,
			'A data URI looks like data:image/png;base64,iVBORw0…',
		);
	}
	const header = bytesOfDataUri(uri.slice(0, comma + 1 + HEADER_CHARACTERS));
	acceptedKind(field, inputMediaKinds(header, match[1]), 'the data URI');
	checkSize(field, Math.floor((content.length * 3) / 4));
	return uri;
}
