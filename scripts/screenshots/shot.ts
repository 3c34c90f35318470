/* One image of the documentation: how it is taken, and how it is kept small. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { PROJECT_ROOT } from '../n8n/packNode';
import type { Studio } from './studio';

const MAX_BYTES = 60_000;
/** Twice what GitHub shows, so that it can be read when it is opened. */
const MAX_WIDTH = 2000;

export interface Shot {
	/** From the root of the project. The extension decides the format. */
	file: string;
	/** Brings the page to what is to be seen. @returns a PNG of it */
	take(page: Page, studio: Studio): Promise<Buffer>;
}

/** @returns the file's size in bytes */
export async function save({ file }: Shot, png: Buffer): Promise<number> {
	const image = sharp(png).resize({ width: MAX_WIDTH, withoutEnlargement: true });
	// A palette keeps images of a panel small; photos and canvases become a WebP.
	const bytes =
		extname(file) === '.webp'
			? await image.webp({ quality: 80, effort: 6 }).toBuffer()
			: await image.png({ palette: true, colors: 128, dither: 0, effort: 10 }).toBuffer();
	if (bytes.length > MAX_BYTES) throw new Error(`${file} would have ${bytes.length} bytes`);
	const path = join(PROJECT_ROOT, file);
	await mkdir(dirname(path), { recursive: true });
	await writeFile(path, bytes);
	return bytes.length;
}
