import { editPicture } from './editPicture';
import { contentTypeOf, type FileOnDisk, type FileStore } from './fileStore';
import { openMedia } from './inputMedia';
import { inShapeOf } from './imageSize';
import { checkReachable, openImages, type InputImage } from './inputImages';
import type { Storage } from './inputSource';
import { mediaProduct } from './mediaProduct';
import { padFile } from './padFile';
import { preparedMedia, preparedPicture } from './prepared';
import { productOf, type Product, type ProductFile } from './product';
import { randomId } from './random';
import { Slots } from './slots';
import type { MediaSubmit, SeedreamSubmit, Submit } from './submitRules';
import type { SandboxOptions } from './types';

const HOUR_MS = 3_600_000;
const FILES_AT_ONCE = 2;

/** One output file: its address is known before it is made. */
export interface OutputFile {
	url: string;
	mimeType: string;
	made: Promise<FileOnDisk>;
}

export interface Result extends Omit<Product, 'files'> {
	files: OutputFile[];
}

interface Surroundings {
	files: FileStore;
	filesUrl: () => string;
	nowMs: () => number;
	options: Pick<
		SandboxOptions,
		'preparedPictures' | 'preparedMedia' | 'preparedPictureBytes' | 'outputBytes'
	>;
}

/** Makes the outputs of tasks, a few files at a time. */
export class Studio {
	private readonly slots = new Slots(() => FILES_AT_ONCE);
	private readonly making = new Set<Promise<FileOnDisk>>();
	private closed = false;

	constructor(private readonly around: Surroundings) {}

	/** Makes the prepared pictures now, so that the first task is as fast as the others. */
	async prepare(): Promise<void> {
		if (this.around.options.preparedPictures)
			await Promise.all([this.preparedFile('png'), this.preparedFile('jpeg')]);
	}

	/** The prepared picture as a new output. */
	preparedOutput(expirationHours: number): OutputFile {
		return this.publish('png', this.preparedFile('png'), expirationHours);
	}

	/**
	 * Reads the inputs and starts making the outputs: a file that is not ready when its task ends makes its download
	 * wait.
	 *
	 * @throws InputRefusal where the model refuses an input
	 */
	async begin(submit: Submit): Promise<Result> {
		const product = submit.kind === 'media' ? await this.media(submit) : await this.images(submit);
		const files = product.files.map((file) =>
			this.publish(file.extension, this.make(submit, file), submit.fileExpirationHours),
		);
		return { ...product, files };
	}

	/** Waits only for what is being made now. */
	async close(): Promise<void> {
		this.closed = true;
		await Promise.allSettled(this.making);
	}

	private get storage(): Storage {
		const { files, filesUrl, nowMs } = this.around;
		return { files, filesUrl: filesUrl(), nowMs: nowMs() };
	}

	private async media(submit: MediaSubmit): Promise<Product> {
		return mediaProduct(submit, await openMedia(submit.fields, submit.model.input, this.storage));
	}

	private async images(submit: SeedreamSubmit): Promise<Product> {
		const { prompt, format, isTransparent, outputCount, images } = submit;
		const inputs = await this.imageInputs(images);
		const { width, height } = inShapeOf(submit, inputs[0]);
		const files = Array.from({ length: outputCount }, (_, index): ProductFile => {
			const edit = { prompt, inputs, width, height, format, isTransparent, index, count: outputCount };
			return { extension: format, make: async (path) => await editPicture(edit, path) };
		});
		return productOf(...files);
	}

	private async imageInputs(images: readonly string[]): Promise<InputImage[]> {
		if (!this.around.options.preparedPictures) return await openImages(images, this.storage);
		await checkReachable(images, this.storage);
		return [];
	}

	private async make({ kind }: Submit, { extension, make }: ProductFile): Promise<FileOnDisk> {
		const { options, files } = this.around;
		if (kind === 'seedream' && options.preparedPictures) return await this.preparedFile(extension);
		if (options.preparedMedia) return await preparedMedia(extension, make);
		await this.slots.acquire();
		try {
			if (this.closed) throw new Error('the sandbox is closed');
			const making = make(files.newPath(`.${extension}`)).then(async (made) => {
				const { outputBytes } = options;
				return outputBytes === undefined ? made : await padFile(made, extension, outputBytes);
			});
			this.making.add(making);
			return await making.finally(() => this.making.delete(making));
		} finally {
			this.slots.release();
		}
	}

	private publish(extension: string, made: Promise<FileOnDisk>, expirationHours: number): OutputFile {
		const path = `/outputs/${randomId()}.${extension}`;
		const mimeType = contentTypeOf(path) ?? 'application/octet-stream';
		const expiresAtMs = this.around.nowMs() + expirationHours * HOUR_MS;
		this.around.files.add(path, { contentType: mimeType, made, expiresAtMs });
		return { url: this.around.filesUrl() + path, mimeType, made };
	}

	private async preparedFile(extension: string): Promise<FileOnDisk> {
		const { outputBytes, preparedPictureBytes } = this.around.options;
		const format = extension === 'jpeg' ? 'jpeg' : 'png';
		return await preparedPicture(format, outputBytes ?? preparedPictureBytes);
	}
}
