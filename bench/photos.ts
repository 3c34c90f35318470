import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const original = readFileSync(join(__dirname, '..', 'examples', 'photo.jpg'));

/** A photo unlike all others: the same picture is uploaded only once. A comment after the start marker tells it apart. */
export function photo(index: number): Buffer {
	const comment = Buffer.from(`photo ${index}`);
	const head = Buffer.from([0xff, 0xfe, 0, comment.length + 2]);
	return Buffer.concat([original.subarray(0, 2), head, comment, original.subarray(2)]);
}
