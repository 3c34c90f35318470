/**
 * Follows a JPEG's segments to its end marker. Searching for the marker in the last bytes is not enough: a thumbnail in
 * the metadata has one as well, and cameras append other data.
 */
export class JpegScan {
	/** Whether the end marker has passed. */
	isOver = false;

	/** The next byte: a marker's first or second one, or one of a segment's length. */
	private expected: 'marker' | 'code' | 'lengthHigh' | 'lengthLow' = 'marker';

	private lengthHigh = 0;

	/** Bytes left to skip in the current segment. */
	private bytesToSkip = 0;

	/** Takes the next bytes. */
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
