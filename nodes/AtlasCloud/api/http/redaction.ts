/** A key shorter than this is none, and taking it out would spoil other words. */
const MIN_SECRET = 8;

/** Hex digits in either case. */
function hexPattern(hex: string): string {
	return hex.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
}

/**
 * One character of the key as a pattern: itself, percent-encoded (also several times over), or escaped as in JSON
 * (also JSON inside JSON). All repetitions are bounded, so that no text takes long.
 */
function characterPattern(character: string): string {
	const code = (character.codePointAt(0) ?? 0).toString(16);
	const itself = `\\u{${code}}`;
	const units = Array.from({ length: character.length }, (_, i) =>
		character.charCodeAt(i).toString(16).padStart(4, '0'),
	);
	const bytes = [...new TextEncoder().encode(character)].map((byte) => byte.toString(16).padStart(2, '0'));
	return [
		'(?:',
		/[A-Za-z0-9]/.test(character) ? itself : `\\\\{0,8}${itself}`,
		`|${bytes.map((byte) => `%(?:25){0,4}${hexPattern(byte)}`).join('')}`,
		`|${units.map((unit) => `\\\\{1,8}u${hexPattern(unit)}`).join('')}`,
		')',
	].join('');
}

/** Takes an API key out of what goes into items, messages and logs. */
export class Redaction {
	private readonly escaped: RegExp | null;

	constructor(private readonly secret: string) {
		this.escaped =
			secret.length < MIN_SECRET ? null : new RegExp([...secret].map(characterPattern).join(''), 'gu');
	}

	/** The text without the key. */
	text(text: string): string {
		if (!this.escaped) return text;
		const plain = text.includes(this.secret) ? text.replaceAll(this.secret, '…') : text;
		// A picture in base64 has neither: tens of megabytes are not searched twice.
		return plain.includes('%') || plain.includes('\\') ? plain.replace(this.escaped, '…') : plain;
	}

	/** The same JSON value without the key, in its texts and names. Changes it in place: it can be large, and deep. */
	json(value: unknown): unknown {
		if (!this.escaped) return value;
		const root = { value };
		const open: object[] = [root];
		for (let holder = open.pop(); holder; holder = open.pop()) this.redactHolder(holder, open);
		return root.value;
	}

	/** Redacts one object or list, and adds those in it to `open`. */
	private redactHolder(holder: object, open: object[]): void {
		const fields = holder as Record<string, unknown>;
		for (const name of Object.keys(fields)) {
			const inner = fields[name];
			if (typeof inner === 'object' && inner !== null) open.push(inner);
			const redacted = typeof inner === 'string' ? this.text(inner) : inner;
			const newName = Array.isArray(holder) ? name : this.text(name);
			if (newName !== name) delete fields[name];
			if (newName !== name || redacted !== inner) fields[newName] = redacted;
		}
	}
}
