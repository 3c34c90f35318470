import { colorNamed, type Color } from './colors';

/** What a prompt asks for, in words the sandbox understands. */
export interface Instructions {
	grayscale: boolean;
	sepia: boolean;
	blur: boolean;
	brighter: boolean;
	darker: boolean;
	warmer: boolean;
	cooler: boolean;
	cartoon: boolean;
	invert: boolean;
	sharpen: boolean;
	vivid: boolean;
	/** Clockwise. */
	rotateDegrees: number;
	mirror: boolean;
	flip: boolean;
	background: Color | null;
	border: Color | null;
	text: string | null;
}

const QUOTED = /"([^"]+)"|“([^”]+)”|„([^“”]+)[“”]|«([^»]+)»|(?<!\w)'([^']+)'(?!\w)|(?<!\w)‘([^’]+)’(?!\w)/;

/** Reads the plain instructions out of a prompt. Any number may be combined; what is not understood changes nothing. */
export function readInstructions(prompt: string): Instructions {
	const quoted = QUOTED.exec(prompt);
	const text = quoted ? (quoted.slice(1).find((part) => part !== undefined) ?? null) : null;
	// The text to draw is no instruction: `write "blur"` blurs nothing.
	const words = prompt.replace(new RegExp(QUOTED, 'g'), ' ').toLowerCase();
	const asks = (pattern: string): boolean => asksFor(words, pattern);
	const flip = asks('flip\\w*(?: \\w+){0,3} (?:vertically|upside)');
	return {
		grayscale: asks('black[ -]and[ -]white|black & white|b&w|gr[ae]y ?scale|monochrome|desaturated?'),
		sepia: asks('sepia|vintage|old photo'),
		blur: asks('blur\\w*|out of focus|unsharp'),
		brighter: asks('bright\\w*|light(?:er|en)|sunny|sunlit'),
		darker: asks('darker|darken\\w*|dim|night'),
		warmer: asks('warm\\w*|sunset|golden hour'),
		cooler: asks('cool(?:er)?|colder|cold|winter'),
		cartoon: asks('cartoon\\w*|comic|anime'),
		invert: asks('invert\\w*|negative'),
		sharpen: asks('sharp(?:er|en)?\\w*|crisp\\w*'),
		vivid: asks('saturat\\w*|vivid|vibrant|colou?rful'),
		rotateDegrees: rotation(words),
		mirror: asks('mirror\\w*|flop') || (!flip && asks('flip\\w*')),
		flip,
		background: colorOf(words, /^(background|backdrop|ground|backing)$/),
		border: colorOf(words, /^(border|frame|framed|edging)$/),
		text,
	};
}

/** Whether one of the words is there and no "no", "not", "without" stands right before it. */
function asksFor(words: string, pattern: string): boolean {
	const match = new RegExp(`(?<![\\w-])(?:${pattern})(?![\\w-])`, 'g');
	for (const { index } of words.matchAll(match)) {
		if (!/\b(no|not|don'?t|never|without|avoid)( \w+)?\s+$/.test(words.slice(0, index))) return true;
	}
	return false;
}

function rotation(words: string): number {
	let degrees = 0;
	if (asksFor(words, 'upside[ -]down')) degrees = 180;
	else if (asksFor(words, 'rotat\\w*|turn(?:ed)?')) {
		const number = /(\d{1,3})\s*(?:°|deg)/.exec(words) ?? /rotat\w* (?:\w+ ){0,3}?(\d{1,3})\b/.exec(words);
		const left = /\b(left|counter-?clockwise|anti-?clockwise)\b/.test(words);
		const right = /\b(right|clockwise)\b/.test(words);
		if (number) degrees = Number(number[1]);
		else if (/\brotat\w*/.test(words) || left || right) degrees = 90;
		if (left) degrees = -degrees;
	}
	return ((degrees % 360) + 360) % 360;
}

/** The color that stands nearest to such a noun, up to four words before it or after it. */
function colorOf(words: string, noun: RegExp): Color | null {
	const list = words.split(/[^\w#]+/).filter((word) => word !== '');
	for (const [at, word] of list.entries()) {
		if (!noun.test(word)) continue;
		for (const step of [-1, -2, -3, -4, 1, 2, 3, 4]) {
			const candidate = list[at + step];
			if (candidate === undefined) continue;
			// "black and white" names no background.
			if (step < 0 && /^(white|black)$/.test(candidate) && list[at + step - 1] === 'and') continue;
			const color = colorNamed(candidate, list[at + step - 1]);
			if (color) return color;
		}
	}
	return null;
}
