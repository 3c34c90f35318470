import { inputError, type AtlasError } from './errors';
import { asNumber } from './json';
import { truncate } from './text';

/*
 * What cells of spreadsheets, forms, and expressions hold, read as people mean it: both nodes by the same rules.
 */

/** Characters that show nothing: blanks, control and format characters (U+200B …), fillers, variation selectors. */
const INVISIBLE = /[\s\p{Cc}\p{Cf}\u115f\u1160\u2800\u3164\uffa0\ufe00-\ufe0f]/u;

/** A text without such characters at its ends. Not a regular expression: long runs would take quadratic time. */
export function trimWhere(text: string, isCut: (character: string) => boolean): string {
	let start = 0;
	let end = text.length;
	while (start < end && isCut(text[start])) start++;
	while (end > start && isCut(text[end - 1])) end--;
	return text.slice(start, end);
}

/** A text without the invisible characters at its ends. */
export function trimInvisible(text: string): string {
	return trimWhere(text, (character) => INVISIBLE.test(character));
}

/** Whether nothing is given: nothing at all, or a text that shows nothing. */
export function isBlank(value: unknown): boolean {
	return value === undefined || value === null || (typeof value === 'string' && trimInvisible(value) === '');
}

/** The name of the first invisible character inside a text, such as `a space` or `an invisible character (U+200B)`. */
export function invisibleIn(text: string): string | null {
	const found = INVISIBLE.exec(text)?.[0];
	if (found === undefined) return null;
	if (found === ' ') return 'a space';
	const code = found.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
	return `an invisible character (U+${code})`;
}

/** Yes or no, also as a spreadsheet has it. @param title the field's display name @throws AtlasError (`input`) */
export function readBoolean(title: string, value: unknown, advice: string): boolean {
	const text = typeof value === 'object' ? '' : trimInvisible(String(value)).toLowerCase();
	if (['true', 'yes', 'on', '1'].includes(text)) return true;
	if (['false', 'no', 'off', '0'].includes(text)) return false;
	throw inputError(`'${title}' must be true or false, but it is ${describeValue(value)}`, advice);
}

export interface NumberRange {
	isWhole?: boolean;
	min?: number;
	max?: number;
}

/** A number, which may be text. @param title the field's display name @throws AtlasError (`input`) */
export function readNumber(title: string, value: unknown, range: NumberRange, advice: string): number {
	const { isWhole = false, min = -Infinity, max = Infinity } = range;
	const number = asNumber(typeof value === 'string' ? trimInvisible(value) : value);
	if (number !== null && (!isWhole || Number.isInteger(number)) && number >= min && number <= max)
		return number;
	const kind = isWhole ? 'a whole number' : 'a number';
	throw inputError(
		`'${title}' must be ${kind}${describeRange(min, max)}, but it is ${describeValue(value)}`,
		advice,
	);
}

function describeRange(min: number, max: number): string {
	if (min > -Infinity && max < Infinity) return ` between ${min} and ${max}`;
	if (min > -Infinity) return `, ${min} or higher`;
	return max < Infinity ? `, ${max} or lower` : '';
}

/** A ratio that a spreadsheet took for a time: `16:09:00`, or a part of a day. Any other text stays as it is. */
export function readRatio(text: string): string {
	const minutes = Number(text) * 24 * 60;
	const whole = Math.round(minutes);
	if (/^0\.\d/.test(text) && Math.abs(minutes - whole) < 0.001)
		return `${Math.floor(whole / 60)}:${whole % 60}`;
	return text.replace(/^0?(\d{1,2}):0?(\d{1,2})(:00)?$/, '$1:$2');
}

/** A value in the words of a message: `"red"`, `3`, `a list`. */
export function describeValue(value: unknown): string {
	if (typeof value === 'string') return `"${truncate(value)}"`;
	if (Array.isArray(value)) return 'a list';
	return typeof value === 'object' && value !== null ? 'an object' : truncate(String(value));
}

/**
 * A text that goes into a prompt, without invisible characters at its ends; several choices are joined with commas.
 * @param title the field's display name
 * @returns '' where nothing was given
 * @throws AtlasError (`input`) for what no text is, and for what nobody means as a prompt
 */
export function readText(title: string, value: unknown): string {
	if (value === null || value === undefined) return '';
	const isList =
		Array.isArray(value) && value.every((one) => typeof one === 'string' || asNumber(one) !== null);
	if (!isList && typeof value !== 'string' && asNumber(value) === null) {
		throw inputError(
			`'${title}' must be text, but it is ${describeValue(value)}`,
			'Use an expression that returns text for this item.',
		);
	}
	const given = isList ? value.join(', ') : String(value);
	const text = trimInvisible(given);
	if (text === '' && given.trim() !== '') {
		throw inputError(
			`'${title}' contains only invisible characters`,
			'Enter text, or check the cell it comes from.',
		);
	}
	checkMeant(title, text);
	checkCell(title, text);
	return text;
}

/** An expression that n8n did not evaluate: braces alone also stand in ordinary texts, and so do dollar signs. */
const EXPRESSIONS = [
	/\{\{\s{0,9}(?:\$[A-Za-z_(]|(?:JSON|DateTime|Math|Object)\.|new Date\b)(?:.{0,60}?\}\}|[^{}]{0,60})/,
	/\{\{(?:[^{}]|\$\{){0,200}?\$(?:(?:json|node|input|binary|now|today|vars|item|execution|workflow|env)\b|\(["'`])(?:.{0,60}?\}\})?/,
	/\$(?:json|node|input|binary)(?:\.\w|\[)[^\s,;]{0,60}/,
];

/** The errors of Excel and Google Sheets, as a word of their own. */
const SHEET_ERROR =
	/(?<![^\s"'“‘„«([/,;:])#(?:N\/A|REF!|VALUE!|NAME\?|DIV\/0!|NULL!|NUM!|ERROR!|SPILL!|CALC!|FIELD!|GETTING_DATA)(?![A-Za-z0-9])/;

/** A cell that is nothing but an error, in the language of its sheet: `#BEZUG!`, `#¿NOMBRE?`, `#N/D`. */
const ERROR_CELL = new RegExp(
	`^(?:#(?:[¡¿]?(?:${[
		...['REF', 'VALUE', 'NAME', 'NUM', 'NULL', 'DIV/0', 'BUSY', 'BLOCKED', 'CONNECT', 'UNKNOWN', 'PYTHON'],
		...['BEZUG', 'WERT', 'ZAHL', 'VALEUR', 'NOM', 'NOMBRE', 'VALOR', 'VALORE', 'RIF', 'NOME', 'NÚM'],
		...['WAARDE', 'VERW', 'GETAL', 'NAAM', 'ARG', 'ADR', 'NAZWA', 'LICZBA', 'VÄRDEFEL', 'REFERENS', 'VÆRDI'],
		...['BAŞV', 'DEĞER', 'AD', 'SAYI', 'SAYI/0', 'ЗНАЧ', 'ССЫЛКА', 'ИМЯ', 'ЧИСЛО', 'ДЕЛ/0'],
	].join('|')})[!?]|\\p{Lu}/\\p{Lu}|NV|NB|YOK)|Loading\\.\\.\\.)$`,
	'u',
);

/**
 * Checks a text, or all texts in a list or an object.
 * @throws AtlasError (`input`) for one that a formula or an expression has spoiled: it would be billed
 */
export function checkMeant(title: string, value: unknown): void {
	if (typeof value === 'object' && value !== null)
		for (const one of Object.values(value)) checkMeant(title, one);
	if (typeof value !== 'string') return;
	const text = trimInvisible(value);
	const expression = EXPRESSIONS.map((one) => one.exec(text)?.[0]).find((found) => found !== undefined);
	if (expression !== undefined) {
		throw inputError(
			`'${title}' contains an expression that n8n didn’t evaluate: ${truncate(expression)}`,
			'Write it as {{ … }}, and switch the field from Fixed to Expression. If the text comes from another node, fill in its values there.',
		);
	}
	const object = /\[object [A-Z]\w{0,30}\]/.exec(text)?.[0];
	if (object !== undefined) {
		throw inputError(
			`'${title}' contains ${object} instead of text`,
			'Its expression returns a whole object. Choose one of the object’s fields, such as {{ $json.color.name }}. If the object is a file, remove what stands beside the expression, or use a list: {{ [$binary.front, $binary.back] }}.',
		);
	}
	const sheetError = SHEET_ERROR.exec(text)?.[0];
	if (sheetError !== undefined) throw sheetErrorIn(title, sheetError);
}

function sheetErrorIn(title: string, sheetError: string): AtlasError {
	return inputError(
		`'${title}' contains the spreadsheet error ${sheetError}`,
		'Correct the formula in the sheet, or remove the row with a Filter node.',
	);
}

/** @throws AtlasError (`input`) for a text that is nothing but what an empty or a broken cell holds */
function checkCell(title: string, text: string): void {
	if (ERROR_CELL.test(text)) throw sheetErrorIn(title, text);
	// The marks are those of a shortened text: a history row with nothing else could be any request's.
	if (/^(?:undefined|null|nan|…|\.\.\.|\[truncated\])$/i.test(text)) {
		throw inputError(
			`'${title}' is "${text}"`,
			'Enter a text. If it comes from an expression, check the name of the field it reads.',
		);
	}
}
