import type { IDataObject } from 'n8n-workflow';
import type { Endpoint, FaultAction, Ledger, SandboxOptions } from '../../../sandbox';
import {
	openSandbox,
	picture,
	runSeedream,
	sandbox,
	type InputItem,
	type SeedreamOptions,
	type SeedreamResult,
} from '../seedream';

/** The account that the tests of a file buy edits with: a new sandbox for each test. */
export { sandbox };
export let ledger: Ledger;
export let photo: Buffer;
export let other: Buffer;

/** What every sandbox of the file has. */
let common: SandboxOptions = {};

/** Replaces the sandbox by one with these options. */
export async function atlas(options: SandboxOptions = {}): Promise<void> {
	await openSandbox({ ...common, ...options });
	({ ledger } = sandbox);
}

/** Call it once, at the top of a test file. `options` are those of every sandbox in it. */
export function useSandbox(options: SandboxOptions = {}): void {
	common = options;
	beforeAll(async () => {
		photo = await picture();
		other = await picture({ left: '#111111' });
	});
	beforeEach(async () => await atlas());
	afterAll(async () => await sandbox.close());
}

export const RETRY_3 = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1 };
export const CONTINUE = { onError: 'continueRegularOutput' } as const;
export const MODERATED: FaultAction = { type: 'failTask', shape: 'moderation' };

/** Attempts that the node makes to download one image. */
export const DOWNLOAD_ATTEMPTS = 4;

export function fails(endpoint: Endpoint, action: FaultAction, times = 1, nth = 1): void {
	sandbox.addFault({ endpoint, action, times, nth });
}

export async function edit(options: Partial<SeedreamOptions> = {}): Promise<SeedreamResult> {
	return await runSeedream({ items: [{ files: { data: photo } }], ...options });
}

/** Items that are all the same request: an image URL, so that no upload tells them apart. */
export function sameUrl(
	count: number,
): Pick<SeedreamOptions, 'items'> & { parameters: Record<string, unknown> } {
	const id = sandbox.addForeignTask({ model: 'x', prompt: 'a picture at an address', images: [] });
	const [images] = ledger.predictions.get(id)?.outputs ?? [];
	return {
		items: Array.from({ length: count }, (): InputItem => ({})),
		parameters: { images, size: '1024*1024' },
	};
}

/** When each submit arrived, in seconds after the first request. */
export function submitSeconds(): number[] {
	const startMs = ledger.requests[0].atMs;
	return ledger.requests.flatMap(({ endpoint, atMs }) =>
		endpoint === 'submit' ? [Math.round((atMs - startMs) / 1_000)] : [],
	);
}

export const chargedIds = () => ledger.charges.map(({ predictionId }) => predictionId);
export const submits = () => ledger.count('submit');
export const idsIn = ({ json }: SeedreamResult) => json.map(({ predictionId }) => predictionId);
export const errorOf = (json: IDataObject | undefined) => json?.error as IDataObject | undefined;

/** One submit was billed, and it came out. */
export function expectBilledOnce(result: SeedreamResult): void {
	expect(result.error).toBeUndefined();
	expect(idsIn(result)).toEqual(chargedIds());
	expect(submits()).toBe(1);
}
