import type { IBinaryData, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { checkInputUrl } from '../../api/http/addresses';
import { inputError } from '../../api/errors';
import { asObject } from '../../api/json';
import { fileKind } from '../../api/files/fileKind';
import type { InputFile } from '../../api/files/uploads';
import {
	checkInputKind,
	inspectBinary,
	toInputFile,
	type InspectedFile,
} from '../../shared/transport/n8nBinary';

/** A picture of an item: a binary field that was looked into, or an address. */
export type InputImage =
	| { file: InputFile; looked: InspectedFile; url?: undefined }
	| { file?: undefined; looked?: undefined; url: string };

type Fields = Array<[name: string, binary: IBinaryData]>;

/** An item as its pictures are looked for. */
interface PictureHolder {
	item: INodeExecutionData;
	/** Its binary fields by name. */
	fields: Fields;
	/**
	 * Whether n8n 2.x keeps files in the json (the workflow's setting, as n8n's `assertBinaryData` looks at it). In any
	 * other workflow a file in the json is only what somebody wrote there, the sender of a webhook for instance.
	 */
	isCombined: boolean;
}

/** n8n-workflow 1.x has no such test of its own. In memory the file is in `data`, stored it has an `id`. */
function isBinary(value: unknown): value is IBinaryData {
	const object = asObject(value);
	return object !== undefined && typeof object.mimeType === 'string' && ('data' in object || 'id' in object);
}

/**
 * The id of a file that n8n stored: its way of storing, perhaps folders, and a UUID that nobody can guess. An id in
 * the json can be anybody's; n8n's own helpers would take any text for one.
 */
const STORED_ID =
	/^[a-z0-9-]+:(?:[\w~-]+\/)*[\w-]*[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a binary value from the json may be read: its content stands in it, or n8n stored it. */
function isOwnBinary(value: unknown): value is IBinaryData {
	if (!isBinary(value)) return false;
	return value.id ? STORED_ID.test(value.id) : typeof value.data === 'string';
}

/** All binary fields of an item: its own, and in 2.x's combined binary mode those in its json (`_files`, or by themselves). */
function holderOf(context: IExecuteFunctions, itemIndex: number): PictureHolder {
	const item = context.getInputData()[itemIndex];
	// n8n 1.x knows no such setting.
	const settings = asObject(context.getWorkflowSettings?.());
	const isCombined = settings?.binaryMode === 'combined';
	const named = (holder: unknown, isFile: (value: unknown) => value is IBinaryData): Fields =>
		Object.entries(asObject(holder) ?? {}).filter((entry): entry is [string, IBinaryData] =>
			isFile(entry[1]),
		);
	const inJson = isCombined
		? [...named(item.json._files, isOwnBinary), ...named(item.json, isOwnBinary)]
		: [];
	const fields = [...named(item.binary, isBinary), ...inJson];
	return {
		item,
		fields: fields.filter(([name], i) => fields.findIndex(([other]) => other === name) === i),
		isCombined,
	};
}

/** A field by its name, or in the combined mode by its path in the json (`_files.data`, `photo.front`). */
function fieldNamed({ item, fields, isCombined }: PictureHolder, name: string): IBinaryData | undefined {
	const found = fields.find(([fieldName]) => fieldName === name)?.[1];
	if (found || !isCombined) return found;
	const value = name.split('.').reduce<unknown>((inner, key) => asObject(inner)?.[key], item.json);
	return isOwnBinary(value) ? value : undefined;
}

/**
 * An expression such as `{{ $binary.photo }}` leaves the base64 out (n8n's data proxy does): in memory mode the
 * file itself is found by the rest.
 * @throws AtlasError (`input`) where two files differ in nothing else: the wrong one would be paid for
 */
function withContent(binary: IBinaryData, fields: Fields): IBinaryData {
	if (binary.id || binary.data) return binary;
	const twins = fields.filter(([, twin]) =>
		(['fileName', 'mimeType', 'fileSize', 'bytes'] as const).every((key) => twin[key] === binary[key]),
	);
	if (new Set(twins.map(([, { data }]) => data)).size > 1) {
		throw inputError(
			`The expression in Input Data Field Name could mean any of these files: ${twins.map(([name]) => name).join(', ')}`,
			'They have the same name, type and size. Give the field’s name instead of an expression.',
		);
	}
	return twins[0]?.[1] ?? binary;
}

async function picturesAmong(
	helpers: IExecuteFunctions['helpers'],
	fields: Fields,
): Promise<InspectedFile[]> {
	const looked = await Promise.all(
		fields.map(async ([name, binary]) => await inspectBinary(helpers, name, binary)),
	);
	return looked.filter(({ kind }) => kind?.mimeType.startsWith('image/'));
}

function listed(fields: Fields): string {
	return fields.length > 0
		? `The item’s binary fields: ${fields.map(([name]) => name).join(', ')}. Set Input Data Field Name to one of them, to several with commas between, or to * for all pictures.`
		: 'The item has no binary field at all. Check that the node before this one hands on a file, or set Image Source to Image URL.';
}

/** The binary pictures that an item's Input Data Field Name means, in order. */
async function lookUpFields(
	helpers: IExecuteFunctions['helpers'],
	holder: PictureHolder,
	value: unknown,
): Promise<InspectedFile[]> {
	const { fields } = holder;
	const values: unknown[] = Array.isArray(value)
		? value
		: typeof value === 'string'
			? value
					.split(',')
					.map((name) => name.trim())
					.filter((name) => name !== '')
			: [value];
	const looked: InspectedFile[] = [];
	for (const [i, wanted] of values.entries()) {
		if (
			isBinary(wanted) ||
			(asObject(wanted)?.mimeType !== undefined && asObject(wanted)?.fileName !== undefined)
		) {
			const binary = withContent(wanted as IBinaryData, fields);
			if (!isBinary(binary))
				throw inputError(
					'The expression in Input Data Field Name gives a file without its content',
					listed(fields),
				);
			const name = fields.find(
				([, own]) => own === binary || (own.id !== undefined && own.id === binary.id),
			)?.[0];
			if (name === undefined && !isOwnBinary(binary))
				throw inputError(
					'The expression in Input Data Field Name gives a file that n8n did not store',
					listed(fields),
				);
			looked.push(await inspectBinary(helpers, name ?? binary.fileName ?? `file ${i + 1}`, binary));
		} else if (typeof wanted !== 'string') {
			throw inputError('Input Data Field Name is neither a field’s name nor a binary file', listed(fields));
		} else if (wanted === '*') {
			const all = await picturesAmong(helpers, fields);
			if (all.length === 0)
				throw inputError('The item has no binary field that is a picture', listed(fields));
			looked.push(...all);
		} else {
			const binary = fieldNamed(holder, wanted);
			if (binary) looked.push(await inspectBinary(helpers, wanted, binary));
			else looked.push(await onlyPicture(helpers, fields, wanted));
		}
	}
	return looked;
}

/** `data`, the default, also means the only picture there is: forms and chats name their fields themselves. */
async function onlyPicture(
	helpers: IExecuteFunctions['helpers'],
	fields: Fields,
	wanted: string,
): Promise<InspectedFile> {
	const pictures = wanted === 'data' ? await picturesAmong(helpers, fields) : [];
	if (pictures.length === 1) return pictures[0];
	throw inputError(
		pictures.length > 1
			? `The item has no binary field "data", and ${pictures.length} others that are pictures`
			: `The item has no binary field "${wanted}"`,
		listed(fields),
	);
}

/**
 * The pictures of an item's binary fields.
 * @throws AtlasError (`input`) for a field that is not there, or is no picture that Seedream takes
 */
export async function binaryImages(context: IExecuteFunctions, itemIndex: number): Promise<InputImage[]> {
	const value = context.getNodeParameter('inputDataFieldName', itemIndex);
	const looked = await lookUpFields(context.helpers, holderOf(context, itemIndex), value);
	return await Promise.all(
		looked.map(async (one): Promise<InputImage> => ({
			file: await toInputFile(context.helpers, one),
			looked: one,
		})),
	);
}

/** Splits a text of URLs: at line ends, and at a comma only where another URL begins (image CDNs put commas in paths). */
export function splitUrls(text: string): string[] {
	return text
		.split(/[\r\n]+|,\s*(?=https?:\/\/|data:)/i)
		.map((url) => url.trim().replace(/,$/, ''))
		.filter((url) => url !== '');
}

/** The bytes in a data URI. */
export function bytesOfDataUri(uri: string): Buffer {
	return Buffer.from(uri.slice(uri.indexOf(',') + 1), 'base64');
}

/**
 * The URLs and data URIs of an item.
 * @throws AtlasError (`input`) for a malformed one
 */
export function urlPictures(context: IExecuteFunctions, itemIndex: number): InputImage[] {
	const value: unknown = context.getNodeParameter('imageUrls', itemIndex, '');
	const values: unknown[] = Array.isArray(value) ? value : [value];
	const urls = values.flatMap((one) => {
		if (one === null || one === undefined) return [];
		if (typeof one === 'string') return splitUrls(one);
		throw inputError(
			'Image URLs holds something that is not text',
			'Give one URL a line, or an array of URLs.',
		);
	});
	for (const url of urls) {
		checkInputUrl(url);
		if (/^data:/i.test(url)) checkInputKind('An image URL is a data URI that', fileKind(bytesOfDataUri(url)));
	}
	return urls.map((url) => ({ url }));
}

/**
 * All pictures of an item, binaries first, as its Image Source says.
 * @throws AtlasError (`input`)
 */
export async function inputImages(context: IExecuteFunctions, itemIndex: number): Promise<InputImage[]> {
	const source = context.getNodeParameter('imageSource', itemIndex, 'binary') as string;
	const urls = source === 'binary' ? [] : urlPictures(context, itemIndex);
	const binaries = source === 'url' ? [] : await binaryImages(context, itemIndex);
	return [...binaries, ...urls];
}
