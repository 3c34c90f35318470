/** Anything shorter is not a key, and removing it would damage other words. */
const MIN_SECRET_LENGTH = 8;

/** Named entities of HTML for the signs that keys are made of. */
const ENTITIES: ReadonlyMap<string, string> = new Map([
	['_', 'lowbar|UnderBar'],
	['.', 'period'],
	[':', 'colon'],
	['/', 'sol'],
	['+', 'plus'],
	['=', 'equals'],
]);

/**
 * A pattern for one character of the key: as it is, percent-encoded (even repeatedly), escaped as in JSON or JavaScript
 * (even JSON inside JSON), or as an entity of HTML. Every repetition is bounded, so that no text takes long to search.
 */
function characterPattern(character: string): string {
	const code = character.codePointAt(0) ?? 0;
	const literal = `\\u{${code.toString(16)}}`;
	const hexOf = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
	const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
	const bytes = [...new TextEncoder().encode(character)];
	const named = ENTITIES.get(character);
	return [
		/[A-Za-z0-9]/.test(character) ? literal : `\\\\{0,8}${literal}`,
		bytes.map((byte) => `%(?:25){0,4}${hexOf(byte, 2)}`).join(''),
		units.map((unit) => `\\\\{1,8}(?:u${hexOf(unit, 4)}${unit < 256 ? `|x${hexOf(unit, 2)}` : ''})`).join(''),
		`&(?:amp;){0,4}(?:#0{0,6}${code};?|#x0{0,6}${code.toString(16)};?${named ? `|(?:${named});` : ''})`,
	].join('|');
}

/**
 * What base64 makes of the key inside a longer text: it depends on the key's place in its group of three bytes. The
 * characters at both ends depend on the neighbors, too, and are left out.
 */
function base64Forms(secret: string): string[] {
	const forms = [0, 1, 2].map((offset) => {
		const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]);
		const encoded = bytes.toString('base64').replace(/=+$/, '');
		const first = Math.ceil((offset * 8) / 6);
		return encoded.slice(first, Math.floor((bytes.length * 8) / 6));
	});
	return [...new Set(forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]))];
}

/** Whether a text is a file in base64: nobody reads it, and searching many megabytes in every way would hold up n8n. */
function isFileContent(text: string): boolean {
	return text.length > 100_000 && /^(data:[^,]{1,200},)?[A-Za-z0-9+/=_\s-]*$/.test(text.slice(0, 4_096));
}

/** Removes the API key from what goes into items, messages and logs. */
export class Redaction {
	/** The key, in any case. Null without a key. */
	private readonly plain: RegExp | null;

	/** The key with any of its characters escaped. */
	private readonly escaped: RegExp;

	private readonly base64: string[];

	private readonly secret: string;

	/** @param apiKey as it was typed: it may begin with `Bearer`, which Atlas does not repeat */
	constructor(apiKey: string) {
		const secret = apiKey.replace(/^\s*bearer\s+/i, '').trim();
		this.secret = secret;
		const characters = [...secret];
		const hasSecret = secret.length >= MIN_SECRET_LENGTH;
		this.plain = hasSecret
			? new RegExp(
					secret.replace(/[^A-Za-z0-9]/gu, (sign) => `\\u{${sign.codePointAt(0)!.toString(16)}}`),
					'giu',
				)
			: null;
		this.escaped = new RegExp(characters.map((one) => `(?:${characterPattern(one)})`).join(''), 'giu');
		this.base64 = base64Forms(secret);
	}

	/** The text without the key. */
	text(text: string): string {
		if (!this.plain) return text;
		if (isFileContent(text)) return text.includes(this.secret) ? text.replaceAll(this.secret, '…') : text;
		let redacted = text.replace(this.plain, '…');
		for (const form of this.base64) if (redacted.includes(form)) redacted = redacted.replaceAll(form, '…');
		// Base64 contains none of these, so a file of many megabytes is not searched twice.
		return /[%\\&]/.test(redacted) ? redacted.replace(this.escaped, '…') : redacted;
	}

	/** The same JSON value without the key in its strings and names. Changed in place, because it can be large and deep. */
	json(value: unknown): unknown {
		if (!this.plain) return value;
		const root = { value };
		const pending: object[] = [root];
		for (let container = pending.pop(); container; container = pending.pop()) {
			this.redactContainer(container, pending);
		}
		return root.value;
	}

	/** Redacts one object or array, and adds those inside it to `pending`. */
	private redactContainer(container: object, pending: object[]): void {
		const fields = container as Record<string, unknown>;
		for (const name of Object.keys(fields)) {
			const inner = fields[name];
			if (typeof inner === 'object' && inner !== null) pending.push(inner);
			const redacted = typeof inner === 'string' ? this.text(inner) : inner;
			const newName = Array.isArray(container) ? name : this.text(name);
			if (newName !== name) delete fields[name];
			if (newName !== name || redacted !== inner) fields[newName] = redacted;
		}
	}
}
