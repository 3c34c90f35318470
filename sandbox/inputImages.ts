import sharp, { type Sharp } from 'sharp';
import { decodeBmp, isBmp } from './bmp';
import { InputRefusal, sourceOf, type Source, type Storage } from './inputSource';

/** An image a task can use. Opened anew for each use: it may be needed for several outputs. */
export interface InputImage {
	/** As it is seen, after its EXIF orientation. */
	width: number;
	height: number;
	open(): Promise<Sharp>;
}

const TYPES: Record<string, string> = {
	jpeg: 'image/jpeg',
	png: 'image/png',
	webp: 'image/webp',
	tiff: 'image/tiff',
	gif: 'image/gif',
};

/** Fetches and checks the images of a task as the model would. */
export async function openImages(images: readonly string[], storage: Storage): Promise<InputImage[]> {
	const opened: InputImage[] = [];
	for (const [index, image] of images.entries()) {
		const name = `images[${index}]`;
		opened.push(await checkImage(name, await sourceOf(name, image, 'image', storage)));
	}
	return opened;
}

/** For prepared pictures: whether each input could be had, without reading it. */
export async function checkReachable(images: readonly string[], storage: Storage): Promise<void> {
	for (const [index, image] of images.entries()) {
		if (image.startsWith(storage.filesUrl)) await sourceOf(`images[${index}]`, image, 'image', storage);
	}
}

/**
 * Refuses what is no image in a format the model reads, what is longer than 3:1, and an uploaded file whose extension
 * does not fit its bytes.
 */
export async function checkImage(name: string, source: Source): Promise<InputImage> {
	const bytes = await source.bytes();
	const { type, width, height } = await describe(name, bytes);
	if (source.declaredType && source.declaredType !== type) {
		throw new InputRefusal(
			`${name}: unsupported file type: the file is named as ${source.declaredType} but is ${type}`,
		);
	}
	const ratio = width / height;
	if (ratio > 3 || ratio < 1 / 3) {
		throw new InputRefusal(`${name}: aspect ratio must be between 1:3 and 3:1, got ${width}x${height}`);
	}
	// Not kept in memory between check and edit: hundreds of tasks may wait at once.
	return { width, height, open: async () => openImage(await source.bytes()) };
}

async function describe(
	name: string,
	bytes: Buffer,
): Promise<{ type: string; width: number; height: number }> {
	try {
		if (isBmp(bytes)) {
			return { type: 'image/bmp', width: bytes.readInt32LE(18), height: Math.abs(bytes.readInt32LE(22)) };
		}
		const { format, autoOrient } = await sharp(bytes).metadata();
		const type = format && TYPES[format];
		if (!type) throw new Error(`format ${String(format)}`);
		return { type, ...autoOrient };
	} catch {
		throw new InputRefusal(`${name}: unsupported file type: not a picture that can be read`);
	}
}

function openImage(bytes: Buffer): Sharp {
	if (isBmp(bytes)) {
		const { data, width, height, channels } = decodeBmp(bytes);
		return sharp(data, { raw: { width, height, channels } });
	}
	return sharp(bytes, { failOn: 'none' }).autoOrient();
}
