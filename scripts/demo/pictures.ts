/* Before and after, side by side in one file. */
import sharp, { type OverlayOptions } from 'sharp';

const GAP = 16;
const TILE = { pair: 720, sheet: 260 };
/** Tiles of a sheet of many. */
const COLUMNS = 7;

export interface Tile {
	/** A path, or the file itself. */
	image: string | Buffer;
	label: string;
}

/** Lays images out in rows and writes them, with labels, to a JPEG file. */
export async function sideBySide(tiles: Tile[], path: string): Promise<void> {
	const side = tiles.length > 3 ? TILE.sheet : TILE.pair;
	const labelHeight = Math.round(fontSizeOf(side) * 2);
	const columns = Math.min(COLUMNS, tiles.length);
	const images = await Promise.all(
		tiles.map(async ({ image }) =>
			sharp(image)
				.rotate()
				.resize({ width: side, height: side, fit: 'inside' })
				.jpeg({ quality: 90 })
				.toBuffer({ resolveWithObject: true }),
		),
	);
	const rowHeight = Math.max(...images.map(({ info }) => info.height)) + labelHeight + GAP;
	const layers = images.flatMap(({ data, info }, index): OverlayOptions[] => {
		const left = GAP + (index % columns) * (side + GAP);
		const top = GAP + Math.floor(index / columns) * rowHeight;
		return [
			{ input: labelOf(tiles[index].label, side, labelHeight), left, top },
			{ input: data, left: left + Math.floor((side - info.width) / 2), top: top + labelHeight },
		];
	});
	const width = GAP + columns * (side + GAP);
	const height = GAP + Math.ceil(tiles.length / columns) * rowHeight;
	await sharp({ create: { width, height, channels: 3, background: '#ffffff' } })
		.composite(layers)
		.jpeg({ quality: 90 })
		.toFile(path);
}

function fontSizeOf(tileSide: number): number {
	return Math.max(13, Math.round(tileSide / 32));
}

function labelOf(text: string, width: number, height: number): Buffer {
	const fontSize = fontSizeOf(width);
	const fitting = Math.floor(width / (fontSize * 0.55));
	const label = text.length > fitting ? `${text.slice(0, fitting - 1)}…` : text;
	const escaped = label.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
	return Buffer.from(
		`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><text x="${width / 2}" y="${fontSize * 1.2}" ` +
			`text-anchor="middle" font-family="sans-serif" font-size="${fontSize}" fill="#333">${escaped}</text></svg>`,
	);
}
