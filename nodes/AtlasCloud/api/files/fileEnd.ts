import { BMP, GIF, JPEG, PNG, WEBP, type FileKind } from './fileKind';

/** How many bytes of the beginning and the end are kept. A GIF or PNG may have some padding after its end. */
const EDGE_BYTES = 4096;

/** Detects in a stream of bytes whether a file reaches its own end: one that is cut off begins like a good one. */
export class FileEnd {
	/** Bytes so far. */
	size = 0;

	private head: Buffer = Buffer.alloc(0);

	private tail: Buffer = Buffer.alloc(0);

	private readonly jpeg = new JpegScan();

	constructor(private readonly kind: FileKind) {}

	add(chunk: Uint8Array): void {
		const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
		this.size += bytes.length;
		if (this.kind === JPEG) {
			this.jpeg.add(bytes);
			return;
		}
		if (this.head.length < EDGE_BYTES)
			this.head = Buffer.concat([this.head, bytes.subarray(0, EDGE_BYTES - this.head.length)]);
		// A copy, because a slice of a large chunk would keep all of it in memory.
		this.tail = Buffer.concat([this.tail, bytes.subarray(-EDGE_BYTES)]).subarray(-EDGE_BYTES);
	}

	/** Whether the bytes so far are the whole file. A kind without an end marker counts as whole. */
	isReached(): boolean {
		const { head, tail, size } = this;
		switch (this.kind) {
			case PNG:
				return tail.includes('IEND', 0, 'latin1');
			case JPEG:
				return this.jpeg.isOver;
			case GIF:
				return endsAsGif(tail);
			case WEBP:
				return head.length >= 8 && size >= head.readUInt32LE(4) + 8;
			case BMP:
				return head.length >= 6 && size >= head.readUInt32LE(2);
			default:
				return size > 0;
		}
	}
}

/** A GIF's end marker follows an empty block; some tools add padding after it. */
function endsAsGif(tail: Buffer): boolean {
	const padding = [0x00, 0x09, 0x0a, 0x0d, 0x20];
	let last = tail.length - 1;
	while (last > 0 && padding.includes(tail[last])) last--;
	return last > 0 && tail[last] === 0x3b && tail[last - 1] === 0;
}

/**
 * Follows a JPEG's segments to its end marker. Searching for the marker in the last bytes is not enough: a thumbnail in
 * the metadata has one as well, and cameras append other data.
 */
class JpegScan {
	isOver = false;

	/** The next byte: a marker's first or second one, or one of a segment's length. */
	private expected: 'marker' | 'code' | 'lengthHigh' | 'lengthLow' = 'marker';

	private lengthHigh = 0;

	/** Bytes left to skip in the current segment. */
	private bytesToSkip = 0;

	add(bytes: Buffer): void {
		let at = 0;
		while (at < bytes.length && !this.isOver) {
			if (this.bytesToSkip > 0) {
				const skipped = Math.min(this.bytesToSkip, bytes.length - at);
				this.bytesToSkip -= skipped;
				at += skipped;
			} else if (this.expected === 'marker') {
				// Skips image data, and stray bytes between segments as decoders do.
				const marker = bytes.indexOf(0xff, at);
				if (marker < 0) return;
				this.expected = 'code';
				at = marker + 1;
			} else {
				this.parse(bytes[at]);
				at++;
			}
		}
	}

	private parse(byte: number): void {
		switch (this.expected) {
			case 'code':
				// 0xFF may be repeated before a marker's code.
				if (byte === 0xff) return;
				this.isOver = byte === 0xd9;
				this.expected = hasLength(byte) ? 'lengthHigh' : 'marker';
				break;
			case 'lengthHigh':
				this.lengthHigh = byte;
				this.expected = 'lengthLow';
				break;
			case 'lengthLow':
				// The length includes its own two bytes.
				this.bytesToSkip = Math.max(0, this.lengthHigh * 256 + byte - 2);
				this.expected = 'marker';
		}
	}
}

/** All but an escaped 0xFF, restarts, the start and the end. */
function hasLength(code: number): boolean {
	return code > 0x01 && !(code >= 0xd0 && code <= 0xd9);
}
