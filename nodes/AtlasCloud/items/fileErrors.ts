import { describeValue } from '../api/cells';
import { inputError, type AtlasError } from '../api/errors';
import { asObject } from '../api/json';
import { truncate } from '../api/text';
import { isTrustedBinary } from './binaryFields';
import type { FileReader } from './inputFiles';

/** What to do next where a field names no file. */
export function describeChoices({ run, item, field: { title, rule, takesUrls = true } }: FileReader): string {
	const { fields } = item;
	if (run.ledger.scope.isTool) {
		return `Set '${title}' to ${takesUrls ? 'a public URL that starts with https://, or to ' : ''}a data URI: files can’t be passed to a tool.`;
	}
	if (fields.length > 0) {
		const names = truncate(fields.map(([name]) => name).join(', '));
		return `Files in this item: ${names}. Enter ${rule.isList ? 'one or several of these names' : 'one of these names'} in '${title}'${takesUrls ? ', or a URL' : ''}.`;
	}
	return `This item has no files. Check that the previous node returns one (pinned or edited output has none)${takesUrls ? `, or enter a URL in '${title}'` : ''}.`;
}

/** Base64 of this length is no name of a field. */
const MIN_CONTENT_LENGTH = 200;

/** The error of an entry that is no URL and names no file of the item. */
export function noFileError(reader: FileReader, name: string): AtlasError {
	const { run, item, field } = reader;
	const { json, binary } = item.item;
	if (name.length >= MIN_CONTENT_LENGTH && isBase64(name)) {
		return inputError(
			`'${field.title}' contains the file itself as base64 text`,
			base64Advice(field.title, '…'),
		);
	}
	const isBuffer = (value: unknown) =>
		[value, asObject(value)?.data].some((one) => descriptionIn(one) === BUFFER);
	if (Object.values(asObject(binary) ?? {}).some(isBuffer))
		return inputError('The binary of this item holds a Buffer as JSON, not a file', IN_CODE);
	if (typeof asObject(binary)?.data === 'string') {
		return inputError('The binary of this item is one file, not a list of fields with files', IN_CODE);
	}
	if (!run.ledger.scope.isTool && Object.hasOwn(json, name)) return columnError(reader, name, json[name]);
	const described = item.fields.length === 0 && ['*', 'data'].includes(name) ? shapeWithin([json]) : null;
	if (described) return describedError(reader, `This item has no file, only ${described.what}`, described);
	if (name === '*') return inputError('This item has no image files', describeChoices(reader));
	if (field.takesUrls !== false && /[/\\]|^\w+:/.test(name)) {
		return inputError(
			`"${truncate(name)}" is not a valid URL`,
			`Start each URL with https://. ${describeChoices(reader)}`,
		);
	}
	return inputError(
		`No ${field.rule.kind ?? 'file'} found in the field "${truncate(name)}"`,
		describeChoices(reader),
	);
}

const IN_CODE =
	"In the Code node, return binary: { data: await this.helpers.prepareBinaryData(buffer, 'photo.jpg') }, with a Buffer.";

const isBase64 = (text: string) => /^[A-Za-z0-9+/=_\s-]+$/.test(text);

/** @param text as an expression shows it */
function base64Advice(title: string, text: string): string {
	return `Turn it into a file with Convert to File > Move Base64 String to File. Or set '${title}' to the expression data:image/jpeg;base64,${text}, with the file’s own type.`;
}

/** The error of a name that is no file's, but that of a field in the item's json. */
function columnError(reader: FileReader, name: string, value: unknown): AtlasError {
	const { title } = reader.field;
	const path = truncate(/^[A-Za-z_]\w*$/.test(name) ? `$json.${name}` : `$json[${JSON.stringify(name)}]`);
	if (typeof value === 'string' && value.length >= MIN_CONTENT_LENGTH && isBase64(value)) {
		return inputError(
			`"${truncate(name)}" is base64 text in the item’s JSON, not a file`,
			base64Advice(title, `{{ ${path} }}`),
		);
	}
	const shape = descriptionIn(value);
	if (shape) return describedError(reader, `"${truncate(name)}" is ${shape.what}, not the file`, shape);
	return inputError(
		`"${truncate(name)}" is a field of the item’s JSON, not a file`,
		`To use its value, set '${title}' to the expression {{ ${path} }}.`,
	);
}

const describedError = (reader: FileReader, message: string, { advice }: Shape) =>
	inputError(message, advice ?? describeChoices(reader));

/** The error of a value that is neither a file nor a text. */
export function shapeError(reader: FileReader, value: unknown): AtlasError {
	const { title, takesUrls = true } = reader.field;
	const shape = descriptionIn(value);
	if (shape) return describedError(reader, `'${title}' is ${shape.what}, not the file`, shape);
	return inputError(
		`'${title}' must be ${takesUrls ? 'a URL, ' : ''}the name of a field, or a file, but it is ${describeValue(value)}`,
		describeChoices(reader),
	);
}

/** An object that describes a file, and the step that gets the file. */
interface Shape {
	/** Keys that are all there. */
	keys: string[];
	what: string;
	/** Null where the file is in the same item. */
	advice: string | null;
}

const BUFFER: Shape = { keys: ['type', 'data'], what: 'a Buffer as JSON', advice: IN_CODE };
const DRIVE = {
	what: 'Google Drive’s description of a file',
	advice: 'Use Google Drive > File > Download, and enter the name of the file’s field.',
};

/** As n8n's own nodes return them. */
const SHAPES: Shape[] = [
	BUFFER,
	{ keys: ['webViewLink'], ...DRIVE },
	{ keys: ['kind', 'mimeType', 'id'], ...DRIVE },
	{
		keys: ['file_id', 'file_unique_id'],
		what: 'Telegram’s description of a file',
		advice:
			'Turn on Download Images/Files in the Telegram Trigger, or use Telegram > File > Get. Then enter the name of the file’s field.',
	},
	{
		keys: ['mime_type', 'sha256', 'id'],
		what: 'WhatsApp’s description of a file',
		advice:
			'Use WhatsApp > Media > Download to get its URL. Download that with an HTTP Request node that has your WhatsApp credential, and enter the name of the file’s field.',
	},
	{
		keys: ['url_private'],
		what: 'Slack’s description of a file',
		advice:
			'Turn on Download Files in the Slack Trigger, or use an HTTP Request node that has your Slack credential. Then enter the name of the file’s field.',
	},
	{ keys: ['filename', 'mimetype', 'size'], what: 'a form’s description of a file', advice: null },
];

function descriptionIn(value: unknown): Shape | null {
	const object = asObject(Array.isArray(value) ? value[0] : value);
	if (!object || isTrustedBinary(object)) return null;
	const found = SHAPES.find(({ keys }) => keys.every((key) => key in object)) ?? null;
	return found === BUFFER && object.type !== 'Buffer' ? null : found;
}

/** Deep and wide enough for the messages of chats. */
const MAX_DEPTH = 6;
const MAX_VALUES = 100;

function shapeWithin(value: unknown, depth = 0): Shape | null {
	if (depth > MAX_DEPTH || typeof value !== 'object' || value === null) return null;
	for (const inner of Object.values(value).slice(0, MAX_VALUES)) {
		const found = descriptionIn(inner) ?? shapeWithin(inner, depth + 1);
		if (found) return found;
	}
	return null;
}
