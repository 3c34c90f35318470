import { readFile } from 'node:fs/promises';
import { writeAtOnce, type FileOnDisk } from './fileStore';
import type { ProductFile } from './product';

/** By extension. A video takes long to encode, and sandboxes come and go in a test run. */
const made = new Map<ProductFile['extension'], Promise<Buffer>>();

/** The first file of this type that was made in this process. */
export async function preparedMedia(
	extension: ProductFile['extension'],
	make: ProductFile['make'],
	path: string,
): Promise<FileOnDisk> {
	const first = made.get(extension) ?? make(path).then(async () => await readFile(path));
	made.set(extension, first);
	return writeAtOnce(await first, path);
}
