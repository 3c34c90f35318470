import { forgetLeftovers } from '../../nodes/AtlasCloud/api/purchases/leftovers';
import type { Endpoint, FaultAction } from '../../sandbox';
import { virtualTime } from './virtualTime';
import {
	picture,
	runSeedream,
	sandbox,
	useOneSandbox,
	type InputItem,
	type SeedreamOptions,
} from './seedream';

/** Every request that the node has sent, whether it has arrived or not. */
const mockSent: string[] = [];
jest.mock('../../nodes/AtlasCloud/n8n/http', () => {
	type Module = typeof import('../../nodes/AtlasCloud/n8n/http');
	const { n8nHttp } = jest.requireActual<Module>('../../nodes/AtlasCloud/n8n/http');
	const counting: typeof n8nHttp = (context, credential) => ({
		async send(request) {
			mockSent.push(request.url);
			return await n8nHttp(context, credential).send(request);
		},
	});
	return { n8nHttp: counting };
});

/** Far less than any timeout. */
const SOON_MS = 5_000;

useOneSandbox({ onRequestOver: ({ endpoint }) => onRequestOver(endpoint) });
let onRequestOver: (endpoint: string) => void = () => {};
const items: InputItem[] = [];

beforeEach(forgetLeftovers);
beforeAll(async () => {
	for (let i = 0; i < 6; i++) items.push({ files: { data: await picture({ left: `#${i}00` }) } });
});
afterEach(() => {
	sandbox.setOptions({ predictSeconds: 1, limits: undefined });
	onRequestOver = () => {};
});

/** Resolves when the sandbox has seen so many requests of a kind, over or not. */
async function seen(endpoint: Endpoint, count: number): Promise<void> {
	const wanted = sandbox.ledger.count(endpoint) + count;
	while (sandbox.ledger.count(endpoint) < wanted) await virtualTime.sleepMs(20);
}

/** Runs until it is cancelled, and makes sure that it ends soon and that nothing is sent afterwards. */
async function cancelled(cancelWhen: Promise<unknown>, options: Partial<SeedreamOptions> = {}) {
	let cancelledAtMs = 0;
	let sentBefore = 0;
	const marked = cancelWhen.then(() => {
		cancelledAtMs = virtualTime.nowMs();
		sentBefore = mockSent.length;
	});
	const result = await runSeedream({ items, ...options, cancelWhen: marked });
	expect(virtualTime.nowMs() - cancelledAtMs).toBeLessThan(SOON_MS);
	expect(result.run.status).toBe('canceled');
	// A while of the node's own clock: whatever would still be sent is sent by then.
	await virtualTime.sleepMs(6_000);
	expect(sentBefore).toBeGreaterThan(0);
	expect(mockSent.slice(sentBefore)).toEqual([]);
	return result;
}

it('stops waiting for edits and submits no more of them', async () => {
	sandbox.setOptions({ predictSeconds: 600 });
	const submits = sandbox.ledger.count('submit');
	await cancelled(seen('submit', 2), { parameters: { options: { concurrency: 2, timeoutSeconds: 1000 } } });
	expect(sandbox.ledger.count('submit') - submits).toBe(2);
});

it.each<[string, Endpoint, FaultAction]>([
	['an upload', 'upload', { type: 'hang' }],
	['a submit', 'submit', { type: 'hangAfter' }],
	['a poll', 'prediction', { type: 'hang' }],
	['a download', 'file', { type: 'hang' }],
])('ends %s that never answers', async (_what, endpoint, action) => {
	sandbox.addFault({ endpoint, times: Infinity, action });
	const charges = sandbox.ledger.charges.length;
	await cancelled(seen(endpoint, 1), { parameters: { options: { concurrency: 1, timeoutSeconds: 1000 } } });
	// While the first image is fetched the next item is submitted.
	expect(sandbox.ledger.charges.length - charges).toBeLessThanOrEqual(endpoint === 'file' ? 2 : 1);
});

it('still waits a little for the answer to a submit, so that the next run takes what it bought', async () => {
	sandbox.addFault({ endpoint: 'submit', action: { type: 'delay', seconds: 2 } });
	const charges = sandbox.ledger.charges.length;
	await cancelled(seen('submit', 1), { items: items.slice(0, 1) });
	const { json } = await runSeedream({ items: items.slice(0, 1), executionId: '2' });
	expect(sandbox.ledger.charges.slice(charges).map(({ predictionId }) => predictionId)).toEqual([
		json[0]?.predictionId,
	]);
});

it('ends the wait after a 429 and submits nothing more', async () => {
	sandbox.addFault({
		endpoint: 'submit',
		times: Infinity,
		action: { type: 'status', status: 429, headers: { 'retry-after': '200' } },
	});
	const submits = sandbox.ledger.count('submit');
	const charges = sandbox.ledger.charges.length;
	const later = seen('submit', 1);
	await cancelled(later, { parameters: { options: { concurrency: 1, timeoutSeconds: 1000 } } });
	expect(sandbox.ledger.count('submit') - submits).toBe(1);
	expect(sandbox.ledger.charges.length).toBe(charges);
});

it('ends the search for a lost submit', async () => {
	sandbox.setOptions({ history: { delaySeconds: 500 } });
	sandbox.addFault({ endpoint: 'submit', times: Infinity, action: { type: 'resetAfter' } });
	await cancelled(seen('history', 1), { items: items.slice(0, 1) });
	sandbox.setOptions({ history: undefined });
});

it.each(['waitForCompletion', 'get', 'getAll'])('ends %s', async (operation) => {
	const { json } = await runSeedream({
		parameters: { resource: 'prediction', operation: 'submit' },
	});
	const endpoint = operation === 'getAll' ? 'history' : 'prediction';
	sandbox.addFault({ endpoint, times: Infinity, action: { type: 'hang' } });
	await cancelled(seen(endpoint, 1), {
		items: [{ json: json[0] ?? {} }],
		parameters: { resource: 'prediction', operation },
	});
});

it('ends the reading of an image URL', async () => {
	sandbox.addFault({ endpoint: 'file', times: Infinity, action: { type: 'hang' } });
	await cancelled(seen('file', 1), {
		items: [{}],
		parameters: { images: `${sandbox.filesUrl}/outputs/a.png` },
	});
});
