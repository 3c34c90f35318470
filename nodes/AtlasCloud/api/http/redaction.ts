/** Anything shorter is not a key, and removing it would damage other words. */
const MIN_SECRET_LENGTH = 8;

/** A pattern for hex digits in either case. */
function hexPattern(hex: string): string {
	return hex.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
}

/**
 * A pattern for one character of the key: as it is, percent-encoded (even repeatedly), or escaped as in JSON (even
 * JSON inside JSON). Every repetition is bounded, so that no text takes long to search.
 */
function characterPattern(character: string): string {
	const code = (character.codePointAt(0) ?? 0).toString(16);
	const literal = `\\u{${code}}`;
	const units = Array.from({ length: character.length }, (_, i) =>
		character.charCodeAt(i).toString(16).padStart(4, '0'),
	);
	const bytes = [...new TextEncoder().encode(character)].map((byte) => byte.toString(16).padStart(2, '0'));
	return [
		'(?:',
		/[A-Za-z0-9]/.test(character) ? literal : `\\\\{0,8}${literal}`,
		`|${bytes.map((byte) => `%(?:25){0,4}${hexPattern(byte)}`).join('')}`,
		`|${units.map((unit) => `\\\\{1,8}u${hexPattern(unit)}`).join('')}`,
		')',
	].join('');
}

/** Removes the API key from what goes into items, messages and logs. */
export class Redaction {
	private readonly pattern: RegExp | null;

	constructor(private readonly secret: string) {
		this.pattern =
			secret.length < MIN_SECRET_LENGTH ? null : new RegExp([...secret].map(characterPattern).join(''), 'gu');
	}

	/** The text without the key. */
	text(text: string): string {
		if (!this.pattern) return text;
		const plain = text.includes(this.secret) ? text.replaceAll(this.secret, '…') : text;
		// Base64 contains neither character, so a file of many megabytes is not searched twice.
		return plain.includes('%') || plain.includes('\\') ? plain.replace(this.pattern, '…') : plain;
	}

	/** The same JSON value without the key in its strings and names. Changed in place, because it can be large and deep. */
	json(value: unknown): unknown {
		if (!this.pattern) return value;
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
