import type { MediaFormat } from './mediaKind';

/** Bytes kept of the beginning and the end. A ZIP may have a comment behind its directory. */
const EDGE_BYTES = 4_096;

/**
 * Tells whether the bytes of a video, a sound, a 3D model or an archive reach the end that the file itself
 * announces. MP3, FLAC and WebM announce none: for these only the server's length helps.
 */
export class MediaEnd {
	/** Bytes so far. */
	size = 0;

	private head: Buffer = Buffer.alloc(0);

	private tail: Buffer = Buffer.alloc(0);

	private readonly boxes = new BoxScan();

	constructor(private readonly format: MediaFormat) {}

	/** Takes the next bytes. */
	add(chunk: Uint8Array): void {
		const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
		this.size += bytes.length;
		if (isBoxed(this.format)) this.boxes.add(bytes);
		if (this.head.length < EDGE_BYTES) {
			this.head = Buffer.concat([this.head, bytes.subarray(0, EDGE_BYTES - this.head.length)]);
		}
		// A copy: a view of a large chunk would keep all of it in memory.
		this.tail = Buffer.concat([this.tail, bytes.subarray(-EDGE_BYTES)]).subarray(-EDGE_BYTES);
	}

	/** Whether what has passed is the whole file, as far as the format tells. */
	isReached(): boolean {
		const { head, tail, size } = this;
		switch (this.format) {
			case 'mp4':
			case 'mov':
			case 'm4a':
				return this.boxes.isComplete;
			case 'wav':
				return head.length >= 8 && hasRiffLength(head, size);
			case 'glb':
				return head.length >= 12 && size >= head.readUInt32LE(8);
			case 'zip':
				return tail.includes('PK\x05\x06', 0, 'latin1');
			case 'ogg':
				return endsOgg(tail);
			case 'mp3':
			case 'flac':
			case 'webm':
				return size > 0;
		}
	}
}

function isBoxed(format: MediaFormat): boolean {
	return format === 'mp4' || format === 'mov' || format === 'm4a';
}

/** A sound that was streamed as it was made has no length in its header, or the largest one. */
function hasRiffLength(head: Buffer, size: number): boolean {
	const announced = head.readUInt32LE(4);
	return announced === 0 || announced === 0xffffffff || size >= announced + 8;
}

/** A page's header, before the table with the lengths of its segments. */
const OGG_HEADER_BYTES = 27;

/** The last page is marked as the last one, and all of it is there. */
function endsOgg(tail: Buffer): boolean {
	const at = tail.lastIndexOf('OggS', undefined, 'latin1');
	// A page can be longer than what is kept: then nothing can be said.
	if (at < 0) return true;
	const page = tail.subarray(at);
	if (page.length < OGG_HEADER_BYTES) return false;
	const tableEnd = OGG_HEADER_BYTES + page[26];
	const isLast = (page[5] & 0x04) !== 0;
	const content = page.subarray(OGG_HEADER_BYTES, tableEnd).reduce((sum, length) => sum + length, 0);
	return isLast && page.length >= tableEnd + content;
}

/** A box's size and type; a size of 1 is followed by the real one, in 8 bytes. */
const HEADER_BYTES = 8;
const LARGE_HEADER_BYTES = 16;

/** Follows the boxes that an MP4, MOV or M4A consists of: the file is whole where the last one ends. */
class BoxScan {
	private header: Buffer = Buffer.alloc(0);

	/** Bytes of the present box still to pass; Infinity for one that goes on to the end of the file. */
	private toSkip = 0;

	private hasMovie = false;

	private isBroken = false;

	/** Whether the bytes so far are whole boxes, and one of them describes the movie. */
	get isComplete(): boolean {
		const isAtEnd = this.toSkip === 0 || this.toSkip === Infinity;
		return this.hasMovie && isAtEnd && this.header.length === 0 && !this.isBroken;
	}

	add(bytes: Buffer): void {
		let at = 0;
		while (at < bytes.length && !this.isBroken) {
			if (this.toSkip > 0) {
				const skipped = Math.min(this.toSkip, bytes.length - at);
				this.toSkip -= skipped;
				at += skipped;
			} else {
				this.header = Buffer.concat([this.header, bytes.subarray(at, at + 1)]);
				at += 1;
				this.readHeader();
			}
		}
	}

	private readHeader(): void {
		const { header } = this;
		if (header.length < HEADER_BYTES) return;
		const size = header.readUInt32BE(0);
		if (size === 1 && header.length < LARGE_HEADER_BYTES) return;
		const boxSize = size === 1 ? Number(header.readBigUInt64BE(8)) : size;
		const type = header.toString('latin1', 4, 8);
		if (type === 'moov' || type === 'moof') this.hasMovie = true;
		this.toSkip = size === 0 ? Infinity : boxSize - header.length;
		this.isBroken = this.toSkip < 0;
		this.header = Buffer.alloc(0);
	}
}
