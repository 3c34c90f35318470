/** A page's header, before the table with the lengths of its segments; the last byte is the table's length. */
const HEADER_BYTES = 27;

/** Follows the pages of an Ogg file. */
export class OggScan {
	private header: Buffer = Buffer.alloc(0);

	/** Bytes of the current page's content still to pass. */
	private toSkip = 0;

	/** Whether something other than a page came: nothing more can be said then. */
	private isLost = false;

	/** Whether the bytes so far end where a page does. Not every encoder marks the last page as the last one. */
	get isBetweenPages(): boolean {
		return this.isLost || (this.toSkip === 0 && this.header.length === 0);
	}

	/** Takes the next bytes. */
	add(bytes: Buffer): void {
		let at = 0;
		while (at < bytes.length && !this.isLost) {
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
		if (header.length < HEADER_BYTES || header.length < HEADER_BYTES + header[26]) return;
		this.isLost = header.toString('latin1', 0, 4) !== 'OggS';
		this.toSkip = header.subarray(HEADER_BYTES).reduce((sum, length) => sum + length, 0);
		this.header = Buffer.alloc(0);
	}
}
