import sharp from 'sharp';
import { newPath, type FileOnDisk } from './fileStore';
import { writePadded } from './padFile';
import type { ProductFile } from './product';

const SIDE = 1024;

/** By format and size. Sandboxes come and go in a test run: drawing one takes longer than to start one. */
const madePictures = new Map<string, Promise<FileOnDisk>>();

/** One picture to answer every task with: benchmarks measure the client and not sharp. */
export async function preparedPicture(format: 'png' | 'jpeg', bytesWanted = 0): Promise<FileOnDisk> {
	const key = `${format} ${bytesWanted}`;
	const file = madePictures.get(key) ?? draw(format).then(writeAs(format, bytesWanted));
	madePictures.set(key, file);
	return await file;
}

const writeAs = (format: string, bytesWanted: number) => async (bytes: Buffer) =>
	await writePadded(bytes, format, newPath(`.${format}`), bytesWanted);

async function draw(format: 'png' | 'jpeg'): Promise<Buffer> {
	const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}"><rect width="100%" height="100%"
		fill="#3b6ea5"/><circle cx="512" cy="470" r="300" fill="#f4c95d"/><text x="512" y="960" font-size="72"
		font-family="sans-serif" text-anchor="middle" fill="#fff">sandbox</text></svg>`;
	const picture = sharp(Buffer.from(svg)).flatten({ background: '#3b6ea5' });
	return await (format === 'png' ? picture.png() : picture.jpeg()).toBuffer();
}

/** By extension. A video takes long to encode, and sandboxes come and go in a test run. */
const madeMedia = new Map<ProductFile['extension'], Promise<FileOnDisk>>();

/** The first file of this type that was made in this process. */
export async function preparedMedia(
	extension: ProductFile['extension'],
	make: ProductFile['make'],
): Promise<FileOnDisk> {
	const first = madeMedia.get(extension) ?? make(newPath(`.${extension}`));
	madeMedia.set(extension, first);
	return await first;
}
