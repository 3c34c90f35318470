import { describeValue } from '../api/cells';
import { inputError, truncate, type AtlasError } from '../api/errors';
import { asObject } from '../api/json';
import { isTrustedBinary } from './binaryFields';
import type { FileReader } from './inputFiles';

/** What to do next where a field names no file. */
export function describeChoices({ item: { fields, isTool }, field: { title, rule } }: FileReader): string {
	if (isTool) {
		return `Set '${title}' to a public URL that starts with https://, or to a data URI: files can’t be passed to a tool.`;
	}
	if (fields.length > 0) {
		const names = truncate(fields.map(([name]) => name).join(', '));
		return `Files in this item: ${names}. Enter ${rule.isList ? 'one or several of these names' : 'one of these names'} in '${title}', or a URL.`;
	}
	return `This item has no files. Check that the previous node returns one (pinned or edited output has none), or enter a URL in '${title}'.`;
}

/** Base64 of this length is no name of a field. */
const MIN_CONTENT_LENGTH = 200;

/** The error of an entry that is no URL and names no file of the item. */
export function noFileError(reader: FileReader, name: string): AtlasError {
	const { item, field } = reader;
	const { title } = field;
	if (name === '*') return inputError('This item has no image files', describeChoices(reader));
	if (name.length >= MIN_CONTENT_LENGTH && /^[A-Za-z0-9+/=_\s-]+$/.test(name)) {
		return inputError(
			`'${title}' contains the file itself as base64 text, not the name of a field`,
			`Put data:image/jpeg;base64, (or the file’s own type) before the text. Or make a file of it with Convert to File > Move Base64 String to File.`,
		);
	}
	if (typeof asObject(item.item.binary)?.data === 'string') {
		return inputError(
			'This item’s binary is one file, not a list of fields with files',
			'If a Code node returns it, write binary: { data: file } instead of binary: file.',
		);
	}
	if (!item.isTool && Object.hasOwn(item.item.json, name)) return columnError(reader, name);
	if (/[/\\]|^\w+:/.test(name)) {
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

/** The error of a name that is no file's, but that of a field in the item's json. */
function columnError({ item, field }: FileReader, name: string): AtlasError {
	const value = item.item.json[name];
	const path = /^[A-Za-z_]\w*$/.test(name) ? `$json.${name}` : `$json[${JSON.stringify(name)}]`;
	const isUsable = typeof value === 'string' || Array.isArray(value) || isTrustedBinary(value);
	return isUsable || shapeOf(value) === null
		? inputError(
				`"${truncate(name)}" is a field of the item’s JSON, not a file`,
				`To use its value, set '${field.title}' to the expression {{ ${truncate(path)} }}.`,
			)
		: inputError(`"${truncate(name)}" is ${shapeOf(value)?.what}`, shapeOf(value)?.advice ?? '');
}

/** The error of a value that is neither a file nor a text. */
export function shapeError(reader: FileReader, value: unknown): AtlasError {
	const { title } = reader.field;
	const shape = shapeOf(value);
	if (shape) return inputError(`'${title}' is ${shape.what}`, shape.advice);
	return inputError(
		`'${title}' must be a URL, the name of a field, or a file, but it is ${describeValue(value)}`,
		describeChoices(reader),
	);
}

/** What an object that describes or holds a file is, and the step that makes a file of it. */
function shapeOf(value: unknown): { what: string; advice: string } | null {
	const object = asObject(value);
	if (!object) return null;
	if (object.type === 'Buffer' && Array.isArray(object.data)) {
		return {
			what: 'a Buffer as JSON, not a file',
			advice:
				'In the Code node, return the file in binary, made with this.helpers.prepareBinaryData(buffer, fileName).',
		};
	}
	if ('file_id' in object || 'file_unique_id' in object) {
		return {
			what: 'Telegram’s description of a file, not the file',
			advice:
				'Turn on Download Images/Files in the Telegram Trigger, or use Telegram > File > Get, and enter the name of its field.',
		};
	}
	if ('webViewLink' in object || object.kind === 'drive#file') {
		return {
			what: 'Google Drive’s description of a file, not the file',
			advice: 'Use Google Drive > File > Download, and enter the name of its field.',
		};
	}
	if ('mime_type' in object && 'id' in object) {
		return {
			what: 'WhatsApp’s description of a file, not the file',
			advice:
				'Use WhatsApp > Media > Download to get its URL, download that with an HTTP Request node, and enter the name of its field.',
		};
	}
	return null;
}
