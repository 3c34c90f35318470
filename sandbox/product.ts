import { writeFile } from 'node:fs/promises';
import { fileOnDisk, type FileOnDisk } from './fileStore';

/** One output file of a task. */
export interface ProductFile {
	extension: 'png' | 'jpeg' | 'mp4' | 'mp3' | 'wav' | 'glb' | 'zip';
	/** Writes it to this path. */
	make(path: string): Promise<FileOnDisk>;
}

/** What a task returns. */
export interface Product {
	files: ProductFile[];
	/** Output that is text and no file. */
	text: string | null;
	/** Further fields of the prediction. */
	details: Record<string, unknown>;
}

export function productOf(...files: ProductFile[]): Product {
	return { files, text: null, details: {} };
}

export function fileOf(extension: ProductFile['extension'], bytes: () => Promise<Buffer>): ProductFile {
	return {
		extension,
		make: async (path) => {
			await writeFile(path, await bytes());
			return await fileOnDisk(path);
		},
	};
}
