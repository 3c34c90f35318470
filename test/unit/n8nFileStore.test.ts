import type { IBinaryData } from 'n8n-workflow';
import { StoreError } from '../../nodes/AtlasCloud/api/files/downloads';
import { n8nFileStore } from '../../nodes/AtlasCloud/n8n/fileStore';

/** A store of which n8n keeps this, or throws it. */
function storeOf(outcome: Partial<IBinaryData> | Error) {
	const prepareBinaryData = async () =>
		outcome instanceof Error
			? await Promise.reject(outcome)
			: await Promise.resolve({ data: '', mimeType: 'video/mp4', ...outcome });
	return n8nFileStore({ prepareBinaryData });
}

async function* content() {
	yield await Promise.resolve(Buffer.from('x'));
}

const storing = async (outcome: Partial<IBinaryData> | Error) =>
	await storeOf(outcome)(content(), 'a.mp4', 'video/mp4');

/** n8n 2.41, `file-too-large.error.ts`. */
const N8N_MESSAGE =
	'Failed to write binary file "a.mp4" (7) because its size of 20 MB exceeds the max size limit of 16 MB set for `database` mode. Consider increasing `N8N_BINARY_DATA_DATABASE_MAX_FILE_SIZE` up to 1 GB, or using S3 storage mode if you require writes larger than 1 GB.';

it.each([
	['in the database', { id: 'database:1', bytes: 256_000_000 }],
	['in a folder', { id: 'filesystem-v2:1', bytes: 900_000_000 }],
	['in the item', { data: 'eA==' }],
	['by an n8n that does not say how large it is', { id: 'database:1' }],
])('returns a file that n8n keeps %s', async (_where, binary) => {
	expect(await storing(binary)).toMatchObject(binary);
});

it('refuses a file that n8n’s database takes and cannot read again', async () => {
	const storedInVain = storing({ id: 'database:1', bytes: 300_000_000 });
	await expect(storedInVain).rejects.toThrow(StoreError);
	await expect(storedInVain).rejects.toMatchObject({
		message: 'it is 300 MB, and n8n can’t read more than 256 MB from its database',
		advice: expect.stringContaining('Turn off the download to get only the URL') as string,
		isFinal: true,
	});
});

it('says what to set if n8n’s database does not take the file', async () => {
	const refused = storing(new Error(N8N_MESSAGE));
	await expect(refused).rejects.toThrow(StoreError);
	await expect(refused).rejects.toMatchObject({
		message: 'it is larger than N8N_BINARY_DATA_DATABASE_MAX_FILE_SIZE allows',
		advice: expect.stringMatching(/increase N8N_BINARY_DATA_DATABASE_MAX_FILE_SIZE/) as string,
		isFinal: true,
	});
});

it('passes on any other error, after which the download may be tried again', async () => {
	const full = storing(new Error('no space left on device'));
	await expect(full).rejects.toThrow('no space left on device');
	await expect(full).rejects.not.toThrow(StoreError);
});
