import { sha256OfStream } from '../hash';
import { peek } from '../http/streams';
import type { Dimensions } from '../models/sizes';
import { fileKind, type FileKind } from './kinds';
import { HEADER_BYTES, imageSize } from './imageSize';
import { ImageScan } from './imageScan';

/** What one reading of a file tells. Its bytes are not kept: a batch can have a thousand files. */
export interface FileFacts {
	/** Of the bytes that came, whatever was announced. */
	sizeBytes: number;
	/** In hex. */
	sha256: string;
	/** By its bytes; null if they are of no known kind. */
	kind: FileKind | null;
	/** False for an image that is cut off. */
	isWhole: boolean;
	/** Null where they are not in the first 64 kB. */
	dimensions: Dimensions | null;
	/** Its first bytes, where the kind is not known. */
	beginning: Uint8Array;
}

/** Where the kind is not known, so many bytes tell what else it is. */
const UNKNOWN_BYTES = 512;

/** Reads a file to its end. */
export async function inspectFile(chunks: AsyncIterable<Uint8Array>): Promise<FileFacts> {
	const { beginning, chunks: all } = await peek(chunks, HEADER_BYTES);
	const header = beginning.subarray(0, HEADER_BYTES);
	const kind = fileKind(header);
	const scan = new ImageScan(kind);
	const scanned = async function* () {
		for await (const chunk of all) {
			scan.add(chunk);
			yield chunk;
		}
	};
	const { hex, sizeBytes } = await sha256OfStream(scanned());
	return {
		sizeBytes,
		sha256: hex,
		kind,
		isWhole: scan.isWhole,
		dimensions: imageSize(header, scan.isTurned),
		beginning: beginningOf(header, kind),
	};
}

/** A copy of a file's first bytes, where they have to tell what else it is. */
export function beginningOf(header: Uint8Array, kind: FileKind | null): Uint8Array {
	return Uint8Array.from(header.subarray(0, kind ? 0 : UNKNOWN_BYTES));
}
