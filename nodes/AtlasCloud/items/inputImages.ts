import type { IExecuteFunctions } from 'n8n-workflow';
import { inputError } from '../api/errors';
import { fileKind, checkInputKind } from '../api/files/kinds';
import type { InputFile } from '../api/files/uploads';
import { checkInputUrl, splitUrls } from '../api/http/addresses';
import {
	describeFields,
	findByName,
	findByValue,
	isBinaryLike,
	onlyField,
	readBinaryFields,
	type BinaryField,
	type BinaryFields,
} from './binaryFields';
import { inspectBinary, toInputFile, type InspectedFile } from '../n8n/binary';

type Helpers = IExecuteFunctions['helpers'];

/** An image that is a binary field. */
export interface BinaryImage {
	file: InputFile;
	inspected: InspectedFile;
	url?: undefined;
}

/** An input image: a binary field, a URL, or a data URI. */
export type InputImage = BinaryImage | { file?: undefined; inspected?: undefined; url: string };

/**
 * The images of an item's binary fields.
 * @throws AtlasError (`input`) for a field that does not exist or that Seedream does not accept
 */
export async function binaryImages(context: IExecuteFunctions, itemIndex: number): Promise<BinaryImage[]> {
	const { helpers } = context;
	const value: unknown = context.getNodeParameter('inputDataFieldName', itemIndex);
	const binaryFields = readBinaryFields(context, itemIndex);
	const files: InspectedFile[] = [];
	for (const [i, wanted] of splitNames(value).entries()) {
		files.push(...(await findImages(helpers, binaryFields, wanted, `file ${i + 1}`)));
	}
	return await Promise.all(
		files.map(async (inspected) => ({ file: await toInputFile(helpers, inspected), inspected })),
	);
}

function splitNames(value: unknown): unknown[] {
	if (Array.isArray(value)) return value;
	if (typeof value !== 'string') return [value];
	return value
		.split(',')
		.map((name) => name.trim())
		.filter((name) => name !== '');
}

/** The files that one value of Input Data Field Name means. */
async function findImages(
	helpers: Helpers,
	binaryFields: BinaryFields,
	wanted: unknown,
	defaultName: string,
): Promise<InspectedFile[]> {
	const { fields } = binaryFields;
	if (isBinaryLike(wanted)) {
		const { fieldName, binary } = findByValue(wanted, fields);
		return [await inspectBinary(helpers, fieldName ?? binary.fileName ?? defaultName, binary)];
	}
	if (typeof wanted !== 'string') {
		throw inputError('Input Data Field Name must be a field name or a file', describeFields(fields));
	}
	if (wanted === '*') {
		const images = await imagesAmong(helpers, fields);
		if (images.length > 0) return images;
		throw inputError('This item has no image files', describeFields(fields));
	}
	const binary = findByName(binaryFields, wanted);
	return [
		binary ? await inspectBinary(helpers, wanted, binary) : await onlyImage(helpers, binaryFields, wanted),
	];
}

async function imagesAmong(helpers: Helpers, fields: BinaryField[]): Promise<InspectedFile[]> {
	const files = await Promise.all(
		fields.map(async ([name, binary]) => await inspectBinary(helpers, name, binary)),
	);
	return files.filter(({ kind }) => kind?.mimeType.startsWith('image/'));
}

/** `data`, the default, also means the item's only image, or its only file: what is wrong with that is then said. */
async function onlyImage(
	helpers: Helpers,
	binaryFields: BinaryFields,
	wanted: string,
): Promise<InspectedFile> {
	const { fields } = binaryFields;
	const only = onlyField(binaryFields, wanted);
	if (only) return await inspectBinary(helpers, ...only);
	const images = wanted === 'data' ? await imagesAmong(helpers, fields) : [];
	if (images.length === 1) return images[0];
	throw inputError(
		images.length > 1
			? `This item has ${images.length} images, but none is in the field data`
			: `No image found in the field "${wanted}"`,
		describeFields(fields),
	);
}

/** The bytes of a base64 data URI. */
export function bytesOfDataUri(uri: string): Buffer {
	return Buffer.from(uri.slice(uri.indexOf(',') + 1), 'base64');
}

/** The item's Image URLs. @throws AtlasError (`input`) for a malformed one */
function urlImages(context: IExecuteFunctions, itemIndex: number): InputImage[] {
	const value: unknown = context.getNodeParameter('imageUrls', itemIndex, '');
	const values: unknown[] = Array.isArray(value) ? value : [value];
	const urls = values.flatMap((one) => {
		if (one === null || one === undefined) return [];
		if (typeof one === 'string') return splitUrls(one);
		throw inputError(
			'Image URLs must be text',
			'Enter one URL per line, or use an expression that returns an array of URLs.',
		);
	});
	for (const url of urls) {
		checkInputUrl(url);
		if (/^data:/i.test(url)) checkInputKind('The data URI in Image URLs', fileKind(bytesOfDataUri(url)));
	}
	return urls.map((url) => ({ url }));
}

/**
 * All images of an item as its Image Source says, binary fields first.
 * @throws AtlasError (`input`)
 */
export async function inputImages(context: IExecuteFunctions, itemIndex: number): Promise<InputImage[]> {
	const source = context.getNodeParameter('imageSource', itemIndex, 'binary') as string;
	const urls = source === 'binary' ? [] : urlImages(context, itemIndex);
	const binaries = source === 'url' ? [] : await binaryImages(context, itemIndex);
	return [...binaries, ...urls];
}
