import { Container } from '@n8n/di';
import { type BinaryData, BinaryDataService } from 'n8n-core';
import type { IBinaryData, INodeExecutionData } from 'n8n-workflow';
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

/** Edits these files, and tells how often n8n's storage was opened for each of them. */
async function readings(
	files: Buffer[],
	{ binaryMode = 'filesystem', ...options }: { binaryMode?: BinaryMode } & Partial<SeedreamOptions> = {},
): Promise<{ counts: number[]; error: string | undefined }> {
	await initCore(binaryMode);
	const service = Container.get(BinaryDataService);
	const ids: Array<string | undefined> = [];
	const opened = jest.spyOn(service, 'getAsStream');
	const items: SeedreamOptions['items'] = async (context) =>
		await Promise.all(
			files.map(async (bytes): Promise<INodeExecutionData> => {
				const data = await storeFile(context, bytes);
				ids.push(data.id);
				return { json: {}, binary: { data } };
			}),
		);
	const { error } = await runSeedream({ binaryMode, items, ...options });
	const openedIds = opened.mock.calls.map(([id]) => id);
	opened.mockRestore();
	return { counts: ids.map((id) => openedIds.filter((one) => one === id).length), error: error?.message };
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
		let stored: IBinaryData | undefined;
		const service = Container.get(BinaryDataService);
		const opened = jest.spyOn(service, 'getAsStream');
		const items: SeedreamOptions['items'] = async (context) => {
			stored = await storeFile(context, await picture());
			return [1, 2, 3].map(() => ({ json: {}, binary: { data: stored as IBinaryData } }));
		};
		await runSeedream({ items });
		expect(opened.mock.calls.filter(([id]) => id === stored?.id)).toHaveLength(1);
		expect(sandbox.ledger.charges).toHaveLength(3);
		opened.mockRestore();
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

/** Edits pictures that n8n has in its database; tells how often each was read. */
async function fromDatabase(files: Buffer[]): Promise<{ reads: number; error: string | undefined }> {
	const service = Container.get(BinaryDataService);
	const opened = jest.spyOn(service, 'getAsStream');
	const items: SeedreamOptions['items'] = async (context) =>
		await Promise.all(
			files.map(async (bytes) => {
				const data = await storeFile(context, bytes);
				return { json: {}, binary: { data: { ...data, id: data.id?.replace(/^[^:]+/, 'database') } } };
			}),
		);
	const { error } = await runSeedream({ items });
	const reads = opened.mock.calls.filter(([id]) => id.startsWith('database:')).length;
	opened.mockRestore();
	return { reads, error: error?.message };
}

describe('a file in n8n’s database', () => {
	beforeEach(async () => await initCore('filesystem'));

	it('is read once', async () => {
		storeInDatabase();
		expect(await fromDatabase(await pictures(4))).toEqual({ reads: 4, error: undefined });
	});

	it('is read twice if it is too large to be kept', async () => {
		storeInDatabase();
		expect(await fromDatabase([large, large])).toEqual({ reads: 3, error: undefined });
		expect(sandbox.ledger.uploads).toHaveLength(1);
	});

	it('is refused before anything is billed if n8n cannot read as much', async () => {
		storeInDatabase(272_000_000);
		const { reads, error } = await fromDatabase(await pictures(1));
		expect(error).toMatch(/^The file is 272 MB, but n8n can’t read more than 256 MB from its database/);
		expect([reads, sandbox.ledger.requests.length]).toEqual([0, 0]);
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
