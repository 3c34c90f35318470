import { Container } from '@n8n/di';
import { type BinaryData, BinaryDataService } from 'n8n-core';
import type { IBinaryData } from 'n8n-workflow';
import { initCore, type BinaryMode } from './harness';
import {
	bmpPicture,
	picture,
	runSeedream,
	sandbox,
	storeFile,
	useNewSandboxes,
	type SeedreamOptions,
} from './seedream';

useNewSandboxes();

/** 17.3 MB: too large to be kept between inspection and upload. */
const large = bmpPicture(2_400, 2_400);

/** Different small pictures. */
const pictures = async (count: number) =>
	await Promise.all(
		Array.from({ length: count }, async (_, i) => await picture({ left: `rgb(${i}, 0, 0)` })),
	);

interface Reading extends Partial<SeedreamOptions> {
	binaryMode?: BinaryMode;
	/** Where n8n keeps a file. */
	kept?: (data: IBinaryData) => IBinaryData;
	/** Items that have the same file. */
	copies?: number;
}

/** Edits these files, and tells how often n8n's storage was opened for each of them. */
async function readings(files: Buffer[], options: Reading = {}) {
	const { binaryMode = 'filesystem', kept = (data) => data, copies = 1, ...others } = options;
	await initCore(binaryMode);
	const opened = jest.spyOn(Container.get(BinaryDataService), 'getAsStream');
	let stored: IBinaryData[] = [];
	const items: SeedreamOptions['items'] = async (context) => {
		stored = await Promise.all(files.map(async (bytes) => kept(await storeFile(context, bytes))));
		return stored.flatMap((data) => Array.from({ length: copies }, () => ({ json: {}, binary: { data } })));
	};
	const { error } = await runSeedream({ binaryMode, items, ...others });
	const openedIds = opened.mock.calls.map(([id]) => id);
	opened.mockRestore();
	const counts = stored.map(({ id }) => openedIds.filter((one) => one === id).length);
	return { counts, error: error?.message };
}

describe('an input file', () => {
	it('is read once per edit in filesystem mode', async () => {
		const { counts, error } = await readings(await pictures(5));
		expect(error).toBeUndefined();
		expect(counts).toEqual([1, 1, 1, 1, 1]);
		expect(sandbox.ledger.uploads).toHaveLength(5);
	});

	it('is never read from storage in in-memory mode', async () => {
		const { counts, error } = await readings(await pictures(3), { binaryMode: 'default' });
		expect([counts, error]).toEqual([[0, 0, 0], undefined]);
		expect(sandbox.ledger.uploads).toHaveLength(3);
	});

	it('is read to be checked and to be uploaded if it is too large to be kept', async () => {
		const { counts, error } = await readings([large]);
		expect([counts, error]).toEqual([[2], undefined]);
	});

	it('is read once if several items have the same stored file', async () => {
		expect((await readings([await picture()], { copies: 3 })).counts).toEqual([1]);
		expect(sandbox.ledger.charges).toHaveLength(3);
	});

	it('is kept in memory no longer than its run', async () => {
		// More than the memory for kept files in all runs together.
		const files = Array.from({ length: 3 }, (_, i) => bmpPicture(2_000, 2_300 + i));
		const tooMany = { parameters: { options: { maxEdits: 2 } } };
		expect((await readings(files, tooMany)).error).toMatch(/^This run has 3 edits/);
		expect((await readings(files, tooMany)).error).toMatch(/^This run has 3 edits/);
		expect((await readings([files[0]])).counts).toEqual([1]);
	});
});

/** Makes n8n's database mode out of its files, as far as the node can tell. */
function storeInDatabase(fileSize?: number): void {
	const service = Container.get(BinaryDataService);
	const idOf = (fileId: string) => `filesystem-v2:${fileId}`;
	service.setManager('database', {
		getAsStream: async (fileId: string) => await service.getAsStream(idOf(fileId)),
		getMetadata: async (fileId: string) => {
			const metadata = await service.getMetadata(idOf(fileId));
			return fileSize === undefined ? metadata : { ...metadata, fileSize };
		},
	} as unknown as BinaryData.Manager);
}

/** As n8n writes it where it has the file in its database. */
const kept = (data: IBinaryData) => ({ ...data, id: data.id?.replace(/^[^:]+/, 'database') });

describe('a file in n8n’s database', () => {
	beforeEach(async () => await initCore('filesystem'));

	it('is read once', async () => {
		storeInDatabase();
		const { counts, error } = await readings(await pictures(4), { kept });
		expect([counts, error]).toEqual([[1, 1, 1, 1], undefined]);
	});

	it('is read twice if it is too large to be kept', async () => {
		storeInDatabase();
		const { counts, error } = await readings([large], { kept });
		expect([counts, error]).toEqual([[2], undefined]);
		expect(sandbox.ledger.uploads).toHaveLength(1);
	});

	it('is refused before anything is billed if n8n cannot read as much', async () => {
		storeInDatabase(272_000_000);
		const { counts, error } = await readings(await pictures(1), { kept });
		expect(error).toMatch(/^The file is 272 MB, but n8n can’t read more than 256 MB from its database/);
		expect([counts, sandbox.ledger.requests.length]).toEqual([[0], 0]);
	});
});

it('says which file cannot be read, before anything is billed', async () => {
	const items: SeedreamOptions['items'] = async (context) => {
		const good = await storeFile(context, await picture());
		const data = await storeFile(context, await picture({ left: '#123456' }));
		await Container.get(BinaryDataService).deleteManyByBinaryDataId([String(data.id)]);
		return [good, { ...data, fileName: 'lost.png' }].map((one) => ({ json: {}, binary: { data: one } }));
	};
	const { error } = await runSeedream({ items });
	expect(error?.message).toMatch(/^Couldn’t read the file "lost\.png" from n8n’s storage: /);
	expect(error?.description).toContain('Nothing was submitted or billed');
	expect(sandbox.ledger.requests).toHaveLength(0);
});
