import { crc32 } from 'node:zlib';

export interface ZipEntry {
	/** ASCII. */
	name: string;
	bytes: Buffer;
}

const VERSION = 20;
/** 1 January 2026, as MS-DOS counts. */
const DATE = ((2026 - 1980) << 9) | (1 << 5) | 1;

/** An archive with its files uncompressed. */
export function makeZip(entries: readonly ZipEntry[]): Buffer {
	const files: Buffer[] = [];
	const directory: Buffer[] = [];
	let offset = 0;
	for (const { name, bytes } of entries) {
		const facts = entryFacts(name, bytes);
		const file = Buffer.concat([signature('PK\x03\x04'), facts, Buffer.from(name), bytes]);
		files.push(file);
		directory.push(directoryEntry(name, facts, offset));
		offset += file.length;
	}
	const end = Buffer.alloc(18);
	end.writeUInt16LE(entries.length, 4);
	end.writeUInt16LE(entries.length, 6);
	end.writeUInt32LE(Buffer.concat(directory).length, 8);
	end.writeUInt32LE(offset, 12);
	return Buffer.concat([...files, ...directory, signature('PK\x05\x06'), end]);
}

/** The 26 bytes that a file's own header and the directory share. */
function entryFacts(name: string, bytes: Buffer): Buffer {
	const facts = Buffer.alloc(26);
	facts.writeUInt16LE(VERSION, 0);
	facts.writeUInt16LE(DATE, 8);
	facts.writeUInt32LE(crc32(bytes), 10);
	facts.writeUInt32LE(bytes.length, 14);
	facts.writeUInt32LE(bytes.length, 18);
	facts.writeUInt16LE(name.length, 22);
	return facts;
}

function directoryEntry(name: string, facts: Buffer, offset: number): Buffer {
	const madeBy = Buffer.alloc(2);
	madeBy.writeUInt16LE(VERSION, 0);
	const place = Buffer.alloc(14);
	place.writeUInt32LE(offset, 10);
	return Buffer.concat([signature('PK\x01\x02'), madeBy, facts, place, Buffer.from(name)]);
}

function signature(text: string): Buffer {
	return Buffer.from(text, 'latin1');
}
