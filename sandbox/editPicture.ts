import sharp, { type OverlayOptions, type Sharp } from 'sharp';
import type { Color } from './colors';
import { fileOnDisk, type FileOnDisk } from './fileStore';
import type { InputImage } from './inputImages';
import { readInstructions, type Instructions } from './instructions';
import { applyFilters } from './filters';
import { border, drawnText, strip } from './overlays';
import { openPixels, pixelsOf, type Pixels } from './pixels';

/** One output to make. */
export interface Edit {
	prompt: string;
	inputs: readonly InputImage[];
	width: number;
	height: number;
	/** From 0; a sequence's pictures differ by it. */
	index: number;
	count: number;
}

const WHITE: Color = { r: 255, g: 255, b: 255 };

/** Makes the picture and writes it to `path`, exactly of the size and in the format asked for. */
export async function editPicture(
	edit: Edit & { format: 'png' | 'jpeg'; isTransparent?: boolean },
	path: string,
): Promise<FileOnDisk> {
	const { pixels, overlays } = await paint(edit);
	// What is laid over it has an alpha channel; the picture keeps none.
	const drawn = openPixels(pixels).composite([...overlays, ...strip(pixels, edit)]);
	const picture = edit.isTransparent ? await cutOut(drawn, pixels) : drawn.removeAlpha();
	const encoded =
		edit.format === 'jpeg' ? picture.jpeg({ quality: 88 }) : picture.png({ compressionLevel: 2 });
	await encoded.toFile(path);
	return await fileOnDisk(path);
}

/** The middle of the picture on nothing. */
async function cutOut(picture: Sharp, { width, height }: Pixels): Promise<Sharp> {
	const mask = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
		<ellipse cx="50%" cy="50%" rx="42%" ry="42%" fill="#fff"/></svg>`;
	const { data, info } = await picture.ensureAlpha().raw().toBuffer({ resolveWithObject: true });
	const raw = { width: info.width, height: info.height, channels: info.channels };
	return sharp(data, { raw }).composite([{ input: Buffer.from(mask), blend: 'dest-in' }]);
}

/** The same picture as pixels, without the strip at the bottom: what a video shows. */
export async function paintPixels(edit: Edit): Promise<Pixels> {
	const { pixels, overlays } = await paint(edit);
	return overlays.length === 0 ? pixels : await pixelsOf(openPixels(pixels).composite(overlays));
}

async function paint(edit: Edit): Promise<{ pixels: Pixels; overlays: OverlayOptions[] }> {
	const wish = readInstructions(edit.prompt);
	const base = edit.inputs.length === 0 ? await paintBackdrop(edit) : await layOut(edit, wish);
	const pixels = await applyFilters(base, wish);
	const text = wish.text === null ? [] : [drawnText(pixels, wish.text)];
	return { pixels, overlays: [...border(pixels, wish.border), ...text] };
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
