/** The element that holds all of a WebM or Matroska file but its header. */
const SEGMENT_ID = 0x18538067;

/**
 * The length in bytes that a WebM or Matroska file says it has.
 * @param head its first bytes; a hundred are usually enough
 * @returns null if it does not say so, as when it was streamed while it was made
 */
export function ebmlLength(head: Buffer): number | null {
	// After the four bytes of the header's own ID.
	const headerSize = readSize(head, 4);
	if (!headerSize) return null;
	const segmentAt = headerSize.end + headerSize.value;
	if (head.length < segmentAt + 4 || head.readUInt32BE(segmentAt) !== SEGMENT_ID) return null;
	const segmentSize = readSize(head, segmentAt + 4);
	return segmentSize && segmentSize.end + segmentSize.value;
}

/** An element's size: the number of leading zero bits says how many bytes follow. All ones mean unknown. */
function readSize(head: Buffer, at: number): { value: number; end: number } | null {
	if (at >= head.length || head[at] === 0) return null;
	const length = Math.clz32(head[at]) - 23;
	if (at + length > head.length) return null;
	const digits = [head[at] & (0xff >> length), ...head.subarray(at + 1, at + length)];
	const max = 2 ** (7 * length) - 1;
	const value = digits.reduce((sum, byte) => sum * 256 + byte, 0);
	return value === max ? null : { value, end: at + length };
}
