import sharp, { type OverlayOptions, type Sharp } from 'sharp';
import type { Color } from './colors';
import { fileOnDisk, type FileOnDisk } from './fileStore';
import type { InputPicture } from './inputPictures';
import { readInstructions, type Instructions } from './instructions';

/** One output to make. */
export interface Edit {
	prompt: string;
	inputs: readonly InputPicture[];
	width: number;
	height: number;
	/** From 0; a sequence's pictures differ by it. */
	index: number;
	count: number;
}

/** Pixels between two steps: three channels, no alpha. */
export interface Pixels {
	data: Buffer;
	width: number;
	height: number;
}

const LUMA: [number, number, number] = [0.299, 0.587, 0.114];
const WHITE: Color = { r: 255, g: 255, b: 255 };

// Several sandboxes and their tests share one machine: few threads, and nothing kept after a picture is made.
sharp.concurrency(1);
sharp.cache(false);

/** Makes the picture and writes it to `path`, exactly of the size and in the format asked for. */
export async function editPicture(
	edit: Edit & { format: 'png' | 'jpeg' },
	path: string,
): Promise<FileOnDisk> {
	const { pixels, overlays } = await paint(edit);
	// What is laid over it has an alpha channel; the picture keeps none.
	const picture = open(pixels)
		.composite([...overlays, ...strip(pixels, edit)])
		.removeAlpha();
	const encoded =
		edit.format === 'jpeg' ? picture.jpeg({ quality: 88 }) : picture.png({ compressionLevel: 2 });
	await encoded.toFile(path);
	return await fileOnDisk(path);
}

/** The same picture as pixels, without the strip at the bottom: what a video shows. */
export async function paintPixels(edit: Edit): Promise<Pixels> {
	const { pixels, overlays } = await paint(edit);
	return overlays.length === 0 ? pixels : await pixelsOf(open(pixels).composite(overlays));
}

async function paint(edit: Edit): Promise<{ pixels: Pixels; overlays: OverlayOptions[] }> {
	const wish = readInstructions(edit.prompt);
	const base = edit.inputs.length === 0 ? await paintBackdrop(edit) : await layOut(edit, wish);
	const pixels = await applyFilters(base, wish);
	const text = wish.text === null ? [] : [drawnText(pixels, wish.text)];
	return { pixels, overlays: [...border(pixels, wish.border), ...text] };
}

function open({ data, width, height }: Pixels): Sharp {
	return sharp(data, { raw: { width, height, channels: 3 } });
}

async function pixelsOf(picture: Sharp): Promise<Pixels> {
	const { data, info } = await picture
		.toColorspace('srgb')
		.removeAlpha()
		.raw()
		.toBuffer({ resolveWithObject: true });
	if (info.channels !== 3) throw new Error(`three channels expected, got ${info.channels}`);
	return { data, width: info.width, height: info.height };
}

/** Text to image: a gradient whose colors come from the prompt. */
async function paintBackdrop({ prompt, width, height, index }: Edit): Promise<Pixels> {
	let hash = index * 97;
	for (const letter of prompt) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 360_000;
	const hue = hash % 360;
	// The square is drawn small and stretched: a full-size SVG takes far longer.
	const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256"><defs>
		<linearGradient id="g" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="hsl(${hue},70%,62%)"/>
		<stop offset="1" stop-color="hsl(${(hue + 70) % 360},65%,38%)"/></linearGradient></defs>
		<rect width="256" height="256" fill="url(#g)"/><circle cx="${70 + (hash % 110)}" cy="96" r="46"
		fill="hsl(${(hue + 180) % 360},75%,70%)" opacity="0.8"/></svg>`;
	return await pixelsOf(sharp(Buffer.from(svg)).resize(width, height, { fit: 'cover' }));
}

/** One input fills the picture; several stand side by side, from five on in rows. */
async function layOut(edit: Edit, wish: Instructions): Promise<Pixels> {
	const { width, height, inputs } = edit;
	const columns = inputs.length <= 4 ? inputs.length : Math.ceil(Math.sqrt(inputs.length));
	const rows = Math.ceil(inputs.length / columns);
	const cells: OverlayOptions[] = [];
	for (const [at, input] of inputs.entries()) {
		const row = Math.floor(at / columns);
		const inRow = Math.min(columns, inputs.length - row * columns);
		const left = Math.floor(((at % columns) * width) / inRow);
		const right = Math.floor((((at % columns) + 1) * width) / inRow);
		const top = Math.floor((row * height) / rows);
		const bottom = Math.floor(((row + 1) * height) / rows);
		const cell = await fitted(await input.open(), right - left, bottom - top, wish);
		if (inputs.length === 1) return cell;
		cells.push({
			input: cell.data,
			raw: { width: cell.width, height: cell.height, channels: 3 },
			left,
			top,
		});
	}
	return await pixelsOf(
		sharp({ create: { width, height, channels: 3, background: wish.background ?? WHITE } }).composite(cells),
	);
}

/** Turned, mirrored and cut to cover the cell, on the background that was asked for. */
async function fitted(picture: Sharp, width: number, height: number, wish: Instructions): Promise<Pixels> {
	let source = picture;
	const degrees = wish.rotateDegrees;
	if (degrees !== 0 || wish.flip || wish.mirror) {
		// One pipeline turns once: autoOrient first, then this.
		const { data, info } = await source.raw().toBuffer({ resolveWithObject: true });
		source = sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } });
		if (wish.flip) source = source.flip();
		if (wish.mirror) source = source.flop();
		if (degrees !== 0)
			source = source.rotate(degrees, { background: { ...(wish.background ?? WHITE), alpha: 1 } });
	}
	if (wish.background === null) {
		return await pixelsOf(source.resize(width, height, { fit: 'cover' }).flatten({ background: WHITE }));
	}
	const { data, info } = await source
		.resize(width, height, { fit: 'cover' })
		.toColorspace('srgb')
		.ensureAlpha()
		.raw()
		.toBuffer({ resolveWithObject: true });
	const cut = (): Sharp => sharp(data, { raw: { width: info.width, height: info.height, channels: 4 } });
	const { isOpaque } = await cut().stats();
	if (!isOpaque) return await pixelsOf(cut().flatten({ background: wish.background }));
	const [innerWidth, innerHeight] = [Math.round(width * 0.8), Math.round(height * 0.8)];
	const [left, top] = [Math.floor((width - innerWidth) / 2), Math.floor((height - innerHeight) / 2)];
	return await pixelsOf(
		cut()
			.removeAlpha()
			.resize(innerWidth, innerHeight)
			.extend({
				left,
				right: width - innerWidth - left,
				top,
				bottom: height - innerHeight - top,
				background: wish.background,
			}),
	);
}

async function applyFilters(base: Pixels, wish: Instructions): Promise<Pixels> {
	let picture = open(base);
	let changed = false;
	const change = (next: Sharp): void => {
		picture = next;
		changed = true;
	};
	const settle = async (): Promise<void> => {
		if (changed) picture = open(await pixelsOf(picture));
		changed = false;
	};
	// sharp keeps its own order within one pipeline; one step at a time keeps ours.
	if (wish.blur) change(picture.blur(Math.max(4, base.width / 120)));
	await settle();
	if (wish.sharpen) change(picture.sharpen({ sigma: 2, m1: 2, m2: 4 }));
	await settle();
	if (wish.cartoon) picture = open(await cartoon(await pixelsOf(picture)));
	if (wish.brighter) change(picture.linear(1.2, 22));
	if (wish.darker) change(picture.linear(0.62, 0));
	await settle();
	if (wish.warmer) change(picture.linear([1.14, 1.02, 0.8], [8, 2, 0]));
	await settle();
	if (wish.cooler) change(picture.linear([0.82, 0.98, 1.14], [0, 2, 8]));
	await settle();
	if (wish.vivid) change(picture.modulate({ saturation: 1.6 }));
	await settle();
	if (wish.sepia) {
		change(
			picture.recomb([
				[0.393, 0.769, 0.189],
				[0.349, 0.686, 0.168],
				[0.272, 0.534, 0.131],
			]),
		);
	}
	await settle();
	// Not grayscale(): its one channel would not go on as three.
	if (wish.grayscale) change(picture.recomb([LUMA, LUMA, LUMA]));
	await settle();
	if (wish.invert) change(picture.negate({ alpha: false }));
	await settle();
	return await pixelsOf(picture);
}

/** Few flat colors with dark outlines. Both are found in a smaller picture: faster, and calmer. */
async function cartoon(base: Pixels): Promise<Pixels> {
	const { width, height } = base;
	const small = await pixelsOf(open(base).resize(1000, 1000, { fit: 'inside', withoutEnlargement: true }));
	const calm = await pixelsOf(open(small).median(5).modulate({ saturation: 1.3 }));
	const flat = await pixelsOf(open(calm).resize(width, height, { fit: 'fill' }));
	await posterise(flat.data);
	// Where two blurs of different strength differ, there is an outline.
	const fine = await pixelsOf(open(small).blur(1.2));
	const coarse = await pixelsOf(open(fine).blur(3));
	const raw = { width: small.width, height: small.height, channels: 3 as const };
	const difference = await pixelsOf(open(fine).composite([{ input: coarse.data, raw, blend: 'difference' }]));
	const all: [number, number, number] = [1, 1, 1];
	const outline = await pixelsOf(
		open(await pixelsOf(open(difference).recomb([all, all, all])))
			.linear(-6, 340)
			.resize(width, height, { fit: 'fill', kernel: 'cubic' }),
	);
	return await pixelsOf(
		open(flat).composite([{ input: outline.data, raw: { width, height, channels: 3 }, blend: 'multiply' }]),
	);
}

/** Six levels a channel, in slices so that the event loop goes on. */
async function posterise(data: Buffer): Promise<void> {
	const levels = Uint8Array.from({ length: 256 }, (_, value) => Math.round(value / 51) * 51);
	for (let start = 0; start < data.length; start += 2_000_000) {
		const end = Math.min(data.length, start + 2_000_000);
		for (let at = start; at < end; at += 1) data[at] = levels[data[at] ?? 0] ?? 0;
		await new Promise((resolve) => setImmediate(resolve));
	}
}

function border({ width, height }: Pixels, color: Color | null): OverlayOptions[] {
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
function drawnText({ width, height }: Pixels, text: string): OverlayOptions {
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
function strip({ width, height }: Pixels, { prompt, index, count }: Edit): OverlayOptions[] {
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
