/** The colors the sandbox knows by name. */

export interface Color {
	r: number;
	g: number;
	b: number;
}

const NAMED: Record<string, string> = {
	white: 'ffffff',
	black: '000000',
	red: 'dc2626',
	green: '16a34a',
	blue: '2563eb',
	yellow: 'facc15',
	orange: 'f97316',
	purple: '9333ea',
	violet: '7c3aed',
	pink: 'f472b6',
	magenta: 'd946ef',
	brown: '92400e',
	gray: '808080',
	grey: '808080',
	silver: 'c0c0c0',
	gold: 'd4a017',
	golden: 'd4a017',
	beige: 'f5f0dc',
	cream: 'fff7e0',
	ivory: 'fffff0',
	cyan: '06b6d4',
	turquoise: '40e0d0',
	teal: '0d9488',
	navy: '1e3a8a',
	maroon: '7f1d1d',
	olive: '808000',
	lime: '84cc16',
	lavender: 'c4b5fd',
	coral: 'ff7f50',
	salmon: 'fa8072',
	peach: 'ffcba4',
	mint: 'a7f3d0',
};

/** A color word or `#rrggbb`, with the word before it where that is `light`, `pale`, `pastel` or `dark`. */
export function colorNamed(word: string, before = ''): Color | null {
	const hex = /^#([0-9a-f]{6})$/i.exec(word)?.[1] ?? NAMED[word.toLowerCase()];
	if (hex === undefined) return null;
	const parts = [0, 2, 4].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
	const [r = 0, g = 0, b = 0] = parts;
	if (/^(light|pale|pastel)$/.test(before)) return mixed({ r, g, b }, 255, 0.55);
	if (/^(dark|deep)$/.test(before)) return mixed({ r, g, b }, 0, 0.45);
	return { r, g, b };
}

function mixed(color: Color, towards: number, share: number): Color {
	const mix = (value: number): number => Math.round(value + (towards - value) * share);
	return { r: mix(color.r), g: mix(color.g), b: mix(color.b) };
}
