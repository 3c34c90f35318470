import { createHash } from 'crypto';

/** SHA-256 of a text or bytes, in hex. */
export function sha256(content: string | Uint8Array): string {
	return createHash('sha256').update(content).digest('hex');
}

/** SHA-256 of a stream in hex, and its length. */
export async function sha256OfStream(
	chunks: AsyncIterable<Uint8Array>,
): Promise<{ hex: string; sizeBytes: number }> {
	const hash = createHash('sha256');
	let sizeBytes = 0;
	for await (const chunk of chunks) {
		hash.update(chunk);
		sizeBytes += chunk.byteLength;
	}
	return { hex: hash.digest('hex'), sizeBytes };
}
