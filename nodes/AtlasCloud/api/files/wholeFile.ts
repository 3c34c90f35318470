import { DownloadError } from '../http/publicFile';
import type { StreamGuard } from '../http/streams';
import { ImageScan } from './imageScan';
import type { FileKind } from './kinds';

export function tooLargeError(maxBytes: number): DownloadError {
	const maxMb = Math.floor(maxBytes / 1_000_000);
	return new DownloadError(
		`it is larger than ${maxMb} MB (increase 'Max Download Size (MB)' under Options)`,
		{
			isFinal: true,
		},
	);
}

/** Passes a file through, and throws at its end unless all of it came. */
export class WholeFileCheck {
	/** What was thrown: n8n's storage may wrap it. */
	failure: DownloadError | undefined;

	/** @param announcedBytes the content length, if the host reports it */
	constructor(
		private readonly kind: FileKind,
		private readonly announcedBytes: number | null,
		private readonly maxBytes: number,
	) {}

	async *checked(chunks: AsyncIterable<Uint8Array>, guard?: StreamGuard): AsyncGenerator<Uint8Array> {
		const scan = new ImageScan(this.kind);
		let size = 0;
		for await (const chunk of chunks) {
			guard?.received(chunk.byteLength);
			scan.add(chunk);
			size += chunk.byteLength;
			if (size > this.maxBytes) throw this.fail(tooLargeError(this.maxBytes));
			yield chunk;
		}
		if (this.announcedBytes !== null && size !== this.announcedBytes) {
			throw this.fail(new DownloadError(`only ${size} of ${this.announcedBytes} bytes were received`));
		}
		if (size === 0 || !scan.isWhole) {
			// What came in the answer itself stays as it is.
			const isFinal = guard === undefined;
			throw this.fail(new DownloadError(`the ${this.kind.name} file is incomplete`, { isFinal }));
		}
	}

	private fail(failure: DownloadError): DownloadError {
		this.failure = failure;
		return failure;
	}
}
