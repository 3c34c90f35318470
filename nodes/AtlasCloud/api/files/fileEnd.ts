import { BMP, GIF, JPEG, PNG, WEBP, type FileKind } from './fileKind';

/** How many first and last bytes are kept. A GIF or PNG may have a little padding behind its end. */
const EDGE_BYTES = 4096;

/** Tells whether a picture's bytes reach its own end, as they pass: a cut-off file has a good beginning. */
export class FileEnd {
	/** How many bytes have passed. */
	size = 0;

	private head: Buffer = Buffer.alloc(0);

	private tail: Buffer = Buffer.alloc(0);

	private readonly jpeg = new JpegScan();

	constructor(private readonly kind: FileKind) {}

	/** Takes the next bytes. */
	add(chunk: Uint8Array): void {
		const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
		this.size += bytes.length;
		if (this.kind === JPEG) {
			this.jpeg.add(bytes);
			return;
		}
		if (this.head.length < EDGE_BYTES)
			this.head = Buffer.concat([this.head, bytes.subarray(0, EDGE_BYTES - this.head.length)]);
		// A copy: a part of a large piece would keep all of it in memory.
		this.tail = Buffer.concat([this.tail, bytes.subarray(-EDGE_BYTES)]).subarray(-EDGE_BYTES);
	}

	/** Whether what has passed is the whole picture. */
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

/** A GIF's end marker follows an empty block; some tools pad behind it. */
function endsAsGif(tail: Buffer): boolean {
	const padding = [0x00, 0x09, 0x0a, 0x0d, 0x20];
	let last = tail.length - 1;
	while (last > 0 && padding.includes(tail[last])) last--;
	return last > 0 && tail[last] === 0x3b && tail[last - 1] === 0;
}

/**
 * Follows a JPEG's segments to its end marker. Looking for that marker in the last bytes is not enough: a thumbnail
 * among the metadata has one as well, and cameras append other things behind it.
 */
class JpegScan {
	/** Whether the end marker of the picture itself has passed. */
	isOver = false;

	/** What comes next: a marker's first byte, its second byte, or a segment's length. */
	private expected: 'mark' | 'code' | 'lengthHigh' | 'lengthLow' = 'mark';

	private lengthHigh = 0;

	/** Bytes of the segment that are still to be passed over. */
	private toSkip = 0;

	add(bytes: Buffer): void {
		let at = 0;
		while (at < bytes.length && !this.isOver) {
			if (this.toSkip > 0) {
				const skipped = Math.min(this.toSkip, bytes.length - at);
				this.toSkip -= skipped;
				at += skipped;
			} else if (this.expected === 'mark') {
				// Picture data has no markers but these, and stray bytes between segments are passed over by decoders too.
				const mark = bytes.indexOf(0xff, at);
				if (mark < 0) return;
				this.expected = 'code';
				at = mark + 1;
			} else {
				this.take(bytes[at]);
				at++;
			}
		}
	}

	private take(byte: number): void {
		if (this.expected === 'code') {
			// 0xFF may be repeated before a marker's code.
			if (byte === 0xff) return;
			this.isOver = byte === 0xd9;
			this.expected = hasLength(byte) ? 'lengthHigh' : 'mark';
		} else if (this.expected === 'lengthHigh') {
			this.lengthHigh = byte;
			this.expected = 'lengthLow';
		} else {
			// The length counts its own two bytes.
			this.toSkip = Math.max(0, this.lengthHigh * 256 + byte - 2);
			this.expected = 'mark';
		}
	}
}

/** Not those of an escaped 0xFF, a restart, the start and the end. */
function hasLength(code: number): boolean {
	return code > 0x01 && !(code >= 0xd0 && code <= 0xd9);
}
