import { BoxScan } from './boxScan';
import { ebmlLength } from './ebmlLength';
import {
	AVIF,
	BMP,
	GIF,
	GLB,
	HEIC,
	JPEG,
	M4A,
	MATROSKA,
	MOV,
	MP4,
	OGG,
	PNG,
	WAV,
	WEBM,
	WEBP,
	ZIP,
	type FileKind,
} from './kinds';
import { JpegScan } from './jpegScan';
import { OggScan } from './oggScan';

/** How many bytes of the beginning and the end are kept. A GIF or PNG may have some padding after its end. */
const EDGE_BYTES = 4096;

/** Detects in a stream of bytes whether a file reaches its own end: one that is cut off begins like a good one. */
export class FileEnd {
	/** Bytes so far. */
	size = 0;

	private head: Buffer = Buffer.alloc(0);

	private tail: Buffer = Buffer.alloc(0);

	private readonly jpeg = new JpegScan();

	private readonly boxes = new BoxScan();

	private readonly ogg = new OggScan();

	constructor(private readonly kind: FileKind) {}

	/** Takes the next bytes. */
	add(chunk: Uint8Array): void {
		const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
		this.size += bytes.length;
		switch (this.kind) {
			case JPEG:
				return this.jpeg.add(bytes);
			case MP4:
			case MOV:
			case M4A:
			case AVIF:
			case HEIC:
				return this.boxes.add(bytes);
			case OGG:
				return this.ogg.add(bytes);
			default:
				this.keepEdges(bytes);
		}
	}

	private keepEdges(bytes: Buffer): void {
		if (this.head.length < EDGE_BYTES)
			this.head = Buffer.concat([this.head, bytes.subarray(0, EDGE_BYTES - this.head.length)]);
		// A copy, because a slice of a large chunk would keep all of it in memory.
		this.tail = Buffer.concat([this.tail, bytes.subarray(-EDGE_BYTES)]).subarray(-EDGE_BYTES);
	}

	/** Whether the bytes so far are the whole file. A kind without an end of its own (MP3, FLAC) counts as whole. */
	isReached(): boolean {
		const { head, tail, size, boxes } = this;
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
			case AVIF:
			case HEIC:
				return boxes.isBetweenBoxes && boxes.seen.has('meta');
			case MP4:
			case MOV:
			case M4A:
				return boxes.isBetweenBoxes && hasMovie(boxes);
			case WEBM:
			case MATROSKA:
				return size > 0 && size >= (ebmlLength(head) ?? 0);
			case WAV:
				return head.length >= 8 && hasRiffLength(head, size);
			case OGG:
				return size > 0 && this.ogg.isBetweenPages;
			case GLB:
				return head.length >= 12 && size >= head.readUInt32LE(8);
			case ZIP:
				return endsAsZip(tail);
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

/** A movie's description and its frames, in either order. */
function hasMovie({ seen }: BoxScan): boolean {
	return (seen.has('moov') || seen.has('moof')) && seen.has('mdat');
}

/** Encoders that write a sound as they make it do not know its length: they leave 0 or some number near the largest. */
const MIN_UNKNOWN_RIFF_BYTES = 0x7fff_0000;

function hasRiffLength(head: Buffer, size: number): boolean {
	const announcedBytes = head.readUInt32LE(4);
	return announcedBytes >= MIN_UNKNOWN_RIFF_BYTES || size >= announcedBytes + 8;
}

/** The fixed part of the record at a ZIP's end, before a comment whose length is in its last two bytes. */
const ZIP_END_BYTES = 22;

function endsAsZip(tail: Buffer): boolean {
	const at = tail.lastIndexOf('PK\x05\x06', undefined, 'latin1');
	if (at < 0 || at + ZIP_END_BYTES > tail.length) return false;
	return at + ZIP_END_BYTES + tail.readUInt16LE(at + ZIP_END_BYTES - 2) <= tail.length;
}
