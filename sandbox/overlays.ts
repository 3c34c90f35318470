import type { OverlayOptions } from 'sharp';
import type { Color } from './colors';
import type { Pixels } from './pixels';

export function border({ width, height }: Pixels, color: Color | null): OverlayOptions[] {
	if (!color) return [];
	const thick = Math.round(Math.min(width, height) * 0.04);
	const bar = (w: number, h: number, left: number, top: number): OverlayOptions => ({
		input: { create: { width: w, height: h, channels: 3, background: color } },
		left,
		top,
	});
	return [
		bar(width, thick, 0, 0),
		bar(width, thick, 0, height - thick),
		bar(thick, height, 0, 0),
		bar(thick, height, width - thick, 0),
	];
}

function escapeXml(text: string): string {
	// What XML cannot hold: control characters and halves of a surrogate pair.
	const printable = text.replace(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, ' ');
	return printable.replace(/[<>&"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

/** Large, white with a dark edge, in the upper half of the lower third; broken into lines where it is long. */
export function drawnText({ width, height }: Pixels, text: string): OverlayOptions {
	const lines = wrapped(text.trim(), 24).slice(0, 6);
	const longest = Math.max(...lines.map((line) => line.length), 6);
	const size = Math.round(
		Math.min((width * 0.9) / (longest * 0.62), height * 0.12, height * (0.5 / lines.length)),
	);
	const lineHeight = Math.round(size * 1.2);
	const boxHeight = lineHeight * lines.length + Math.round(size * 0.4);
	const rows = lines.map(
		(line, at) =>
			`<text x="${width / 2}" y="${Math.round(size * 1.05) + at * lineHeight}">${escapeXml(line)}</text>`,
	);
	const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${boxHeight}">
		<g font-family="DejaVu Sans, Arial, Helvetica, sans-serif" font-weight="bold" font-size="${size}" text-anchor="middle"
		fill="#fff" stroke="#111" stroke-width="${Math.max(2, size / 9)}" stroke-linejoin="round" paint-order="stroke">
		${rows.join('')}</g></svg>`;
	const top = Math.max(0, Math.min(Math.round(height * 0.74 - boxHeight / 2), height - boxHeight));
	return { input: Buffer.from(svg), left: 0, top };
}

function wrapped(text: string, width: number): string[] {
	const lines: string[] = [];
	let line = '';
	for (const word of text.split(/\s+/)) {
		if (line !== '' && line.length + 1 + word.length > width) {
			lines.push(line);
			line = word;
		} else line = line === '' ? word : `${line} ${word}`;
	}
	return [...lines, line];
}

/** Every output says at the bottom where it comes from. Grey on grey, so that it keeps a black-and-white picture so. */
export function strip(
	{ width, height }: Pixels,
	{ prompt, index, count }: { prompt: string; index: number; count: number },
): OverlayOptions[] {
	const tall = Math.max(20, Math.round(Math.min(width, height) * 0.032));
	const size = Math.round(tall * 0.52);
	const room = Math.floor(width / (size * 0.62)) - 12;
	const line = prompt.replace(/\s+/g, ' ').trim();
	const short = line.length > room ? `${line.slice(0, Math.max(1, room - 1))}…` : line;
	const label = count > 1 ? `sandbox ${index + 1}/${count}` : 'sandbox';
	const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${tall}">
		<rect width="${width}" height="${tall}" fill="#222"/><g font-family="DejaVu Sans, Arial, Helvetica, sans-serif"
		font-size="${size}" fill="#eee"><text x="${size}" y="${Math.round(tall * 0.68)}"><tspan font-weight="bold"
		>${label}</tspan><tspan dx="${size}" fill="#bbb">${escapeXml(short)}</tspan></text></g></svg>`;
	return [{ input: Buffer.from(svg), left: 0, top: height - tall }];
}
