/** A box's size and type; a size of 1 is followed by the real one, in 8 bytes. */
const HEADER_BYTES = 8;
const LARGE_HEADER_BYTES = 16;

/** The boxes that {@link BoxScan.seen} reports. */
const NOTED_TYPES = ['moov', 'moof', 'mdat', 'meta'] as const;
export type BoxType = (typeof NOTED_TYPES)[number];

/** Follows the top-level boxes of an ISO media file (MP4, MOV, M4A, AVIF, HEIC). */
export class BoxScan {
	/** Types of the boxes that have begun. */
	readonly seen = new Set<BoxType>();

	private header: Buffer = Buffer.alloc(0);

	/** Bytes of the current box still to pass; Infinity for one that goes on to the end of the file. */
	private toSkip = 0;

	private isBroken = false;

	/** Whether the bytes so far end where a box does. */
	get isBetweenBoxes(): boolean {
		const isAtEnd = this.toSkip === 0 || this.toSkip === Infinity;
		return isAtEnd && this.header.length === 0 && !this.isBroken;
	}

	/** Takes the next bytes. */
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
		this.note(header.toString('latin1', 4, 8));
		this.toSkip = size === 0 ? Infinity : boxSize - header.length;
		this.isBroken = this.toSkip < 0;
		this.header = Buffer.alloc(0);
	}

	private note(type: string): void {
		const noted = NOTED_TYPES.find((name) => name === type);
		if (noted) this.seen.add(noted);
	}
}
