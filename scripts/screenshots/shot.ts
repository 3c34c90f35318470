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

/** Of a WebP, the best first. */
const QUALITIES = [80, 65, 50];

/** A palette keeps images of a panel small; photos and canvases become a WebP. */
async function encode({ file }: Shot, png: Buffer): Promise<Buffer> {
	const image = sharp(png).resize({ width: MAX_WIDTH, withoutEnlargement: true });
	const sizes: number[] = [];
	for (const quality of QUALITIES) {
		const bytes =
			extname(file) === '.webp'
				? await image.webp({ quality, effort: 6 }).toBuffer()
				: await image.png({ palette: true, quality, dither: 0, effort: 10 }).toBuffer();
		if (bytes.length <= MAX_BYTES) return bytes;
		sizes.push(bytes.length);
	}
	throw new Error(`${file} would have ${sizes.join(', ')} bytes`);
}

/** @returns the file's size in bytes */
export async function save(shot: Shot, png: Buffer): Promise<number> {
	const bytes = await encode(shot, png);
	const path = join(PROJECT_ROOT, shot.file);
	await mkdir(dirname(path), { recursive: true });
	await writeFile(path, bytes);
	return bytes.length;
}
