import type { Dimensions } from '../models/sizes';
import { BMP, GIF, JPEG, PNG, WEBP, type FileKind } from './kinds';
import { isTurned } from './tiff';

/** What a walk asks for: the next bytes, or to pass some, or a JPEG's image data with the first byte of the marker behind it. */
type ScanStep = { take: number; isExif?: true; isFrame?: true } | { skip: number } | 'imageData';

/** Follows one kind of file to its end. Resumed with the bytes it asked for, which it must not keep. */
type Walk = Generator<ScanStep, void, Buffer>;

const EMPTY: Buffer = Buffer.alloc(0);

/** Longer metadata is not read: what counts is at its beginning. */
const MAX_EXIF_BYTES = 65_536;

/**
 * Detects in a stream of bytes whether an image reaches its own end: one that is cut off begins like a good one. What
 * comes after the end does not matter: cameras append films and previews. Other kinds count as whole.
 */
export class ImageScan {
	/** Whether its EXIF data turn it by 90°. */
	isTurned = false;

	/** Of a JPEG, as it is stored. */
	dimensions: Dimensions | null = null;

	private readonly walk: Walk | null;

	/** Null at the end. */
	private step: ScanStep | null = null;

	/** Bytes of a step that the chunks so far did not fulfill. */
	private taken = EMPTY;

	constructor(kind: FileKind | null) {
		this.walk = (kind && WALKS.get(kind)?.()) ?? null;
		this.goOn();
	}

	/** Whether the bytes so far hold the image's end. */
	get isWhole(): boolean {
		return this.step === null;
	}

	/** Takes what passes by. */
	async *passing(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
		for await (const chunk of chunks) {
			this.add(chunk);
			yield chunk;
		}
	}

	/** Takes the next bytes. */
	add(chunk: Uint8Array): void {
		let left = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
		while (this.step && left.length > 0) left = this.fulfill(this.step, left);
	}

	/** @returns the bytes that are left */
	private fulfill(step: ScanStep, bytes: Buffer): Buffer {
		if (step === 'imageData') return this.passImageData(bytes);
		if ('skip' in step) {
			const left = bytes.subarray(step.skip);
			step.skip -= bytes.length - left.length;
			if (step.skip === 0) this.goOn();
			return left;
		}
		const end = step.take - this.taken.length;
		const part = bytes.subarray(0, end);
		// A copy, because a slice of a large chunk would keep all of it in memory.
		if (end > bytes.length) this.taken = Buffer.concat([this.taken, part]);
		else {
			const whole = this.taken.length > 0 ? Buffer.concat([this.taken, part]) : part;
			if (step.isExif) this.isTurned = isTurned(withoutName(whole));
			if (step.isFrame) this.dimensions ??= { height: whole.readUInt16BE(1), width: whole.readUInt16BE(3) };
			this.goOn(whole);
		}
		return bytes.subarray(end);
	}

	/** An escaped 0xFF is not worth a step of the walk: there can be millions. */
	private passImageData(bytes: Buffer): Buffer {
		let found = bytes.indexOf(0xff);
		while (found >= 0 && bytes[found + 1] === 0) found = bytes.indexOf(0xff, found + 2);
		if (found < 0) return bytes.subarray(bytes.length);
		this.goOn();
		return bytes.subarray(found + 1);
	}

	private goOn(bytes = EMPTY): void {
		this.taken = EMPTY;
		this.step = this.walk?.next(bytes).value ?? null;
	}
}

/** EXIF data begin with their name in a JPEG, and in some WebPs. */
function withoutName(exif: Buffer): Buffer {
	return exif.toString('latin1', 0, 6) === 'Exif\0\0' ? exif.subarray(6) : exif;
}

function* skip(bytes: number): Walk {
	if (bytes > 0) yield { skip: bytes };
}

/** Passes a block, and reads its beginning as EXIF data. */
function* readExif(bytes: number): Walk {
	const length = Math.min(bytes, MAX_EXIF_BYTES);
	if (length > 0) yield { take: length, isExif: true };
	yield* skip(bytes - length);
}

/** Thumbnails in the metadata have an end marker as well, so the segments are followed. */
function* walkJpeg(): Walk {
	let isFirst = true;
	for (;;) {
		// Passes image data, and stray bytes between segments as decoders do.
		yield 'imageData';
		let [code] = yield { take: 1 };
		while (code === 0xff) [code] = yield { take: 1 };
		if (code === 0xd9) return;
		// All but an escaped 0xFF, restarts, the start and the end have a length, which counts its own two bytes.
		if (code <= 0x01 || (code >= 0xd0 && code <= 0xd8)) continue;
		const length = Math.max(0, (yield { take: 2 }).readUInt16BE(0) - 2);
		if (code >= 0xc0 && code <= 0xc2 && length >= 5) {
			yield { take: 5, isFrame: true };
			yield* skip(length - 5);
			continue;
		}
		if (code !== 0xe1 || !isFirst || length < 14) {
			yield* skip(length);
			continue;
		}
		// The same kind of segment holds XMP, too.
		const name = yield { take: 6 };
		isFirst = name.toString('latin1') !== 'Exif\0\0';
		yield* isFirst ? skip(length - 6) : readExif(length - 6);
	}
}

function* walkPng(): Walk {
	yield { skip: 8 };
	for (;;) {
		const head = yield { take: 8 };
		const length = head.readUInt32BE(0);
		const type = head.toString('latin1', 4);
		yield* type === 'eXIf' ? readExif(length) : skip(length);
		yield { skip: 4 }; // the checksum
		if (type === 'IEND') return;
	}
}

function* walkWebp(): Walk {
	let left = (yield { take: 12 }).readUInt32LE(4) - 4;
	while (left >= 8) {
		const head = yield { take: 8 };
		const length = head.readUInt32LE(4);
		// Padded to an even length, which some encoders forget at the end.
		const padded = Math.min(length + (length % 2), left - 8);
		yield* head.toString('latin1', 0, 4) === 'EXIF' ? readExif(padded) : skip(padded);
		left -= 8 + padded;
	}
}

/** Some tools leave a few bytes between the parts. */
const MAX_STRAY_BYTES = 1_000;

function* walkGif(): Walk {
	yield* skipColors((yield { take: 13 })[10]);
	for (let stray = 0; stray < MAX_STRAY_BYTES;) {
		const [type] = yield { take: 1 };
		if (type === 0x3b) return;
		if (type === 0x2c) yield* skipColors((yield { take: 9 })[8]);
		if (type === 0x21 || type === 0x2c) yield* skipBlocks();
		else stray++;
	}
	yield { skip: Infinity };
}

/** A byte, and blocks with their lengths up to an empty one. */
function* skipBlocks(): Walk {
	yield { skip: 1 };
	for (let [length] = yield { take: 1 }; length > 0; [length] = yield { take: 1 }) yield { skip: length };
}

/** The color table that a descriptor's flags announce. */
function* skipColors(flags: number): Walk {
	if (flags & 0x80) yield { skip: 3 * 2 ** ((flags & 7) + 1) };
}

/** Its length is in its header; some programs write 0. */
function* walkBmp(): Walk {
	yield* skip((yield { take: 6 }).readUInt32LE(2) - 6);
}

const WALKS = new Map<FileKind, () => Walk>([
	[JPEG, walkJpeg],
	[PNG, walkPng],
	[WEBP, walkWebp],
	[GIF, walkGif],
	[BMP, walkBmp],
]);
