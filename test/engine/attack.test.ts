import { behindGateway } from './gateway';
import { models, parametersOf } from './models';
import {
	CONTINUE,
	RETRY_3,
	atlas,
	chargedIds,
	edit,
	errorOf,
	expectBilledOnce,
	fails,
	idsIn,
	ledger,
	photo,
	sameUrl,
	sandbox,
	submits,
	useSandbox,
} from './money/account';
import { retryManually } from './retries';
import { LITE, V4 } from './seedream';
import { virtualTime } from './virtualTime';

/* Faults that were found by attacking the node, and that no table of faults has. */

useSandbox();

const RESUBMIT = { options: { resubmitUnknown: true } };

// The other retry may have crashed, and n8n's data are then the same.
it('gives the retry of a refused edit what another retry bought since', async () => {
	fails('submit', { type: 'status', status: 402 });
	const first = await edit();
	expect(first.error?.message).toContain('(402');
	const second = await retryManually(first, { executionId: '2' });
	expect(idsIn(second)).toEqual(chargedIds());
	const third = await retryManually(first, { executionId: '3' });
	expect(idsIn(third)).toEqual(chargedIds());
	expect([submits(), chargedIds().length]).toEqual([2, 1]);
});

it.each(['a URL', 'no input'])(
	'gives the retry of a schedule’s refused run none of the run before (%s)',
	async (input) => {
		const { items, parameters } = sameUrl(1);
		const text = parametersOf({
			resource: 'image',
			model: LITE.replace('/edit', ''),
			inputs: { prompt: 'the day' },
		});
		const what = input === 'a URL' ? { items, parameters } : { ...models, items, parameters: text };
		const before = await edit({ ...what, executionId: '1', mode: 'trigger' });
		await virtualTime.sleepMs(30 * 60_000);
		fails('submit', { type: 'status', status: 402 });
		const refused = await edit({ ...what, executionId: '2', mode: 'trigger' });
		const retried = await retryManually(refused, { ...what, executionId: '3' });
		expect([...idsIn(before), ...idsIn(retried)]).toEqual(chargedIds());
		expect(chargedIds()).toHaveLength(2);
	},
);

it('an ID in an error answer is each item’s own if the node continues after errors', async () => {
	await atlas({ history: { delaySeconds: 100_000 }, warmUp: { seconds: 100_000, status: 404 } });
	await behindGateway(sandbox, async (baseUrl) => {
		const items = ['a', 'b'].map((wish) => ({ json: { wish }, files: { data: photo } }));
		const { json } = await edit({
			credentialData: { baseUrl },
			items,
			nodeExtras: CONTINUE,
			parameters: { ...RESUBMIT, prompt: '={{ $json.wish }}' },
		});
		const ofPrompt = (wish: string) => ledger.charges.find(({ prompt }) => prompt === wish)?.predictionId;
		expect(json.map((one) => errorOf(one)?.predictionId)).toEqual([ofPrompt('a'), ofPrompt('b')]);
		expect([submits(), chargedIds().length]).toEqual([2, 2]);
	});
});

it('a gateway that says 429 slows the submits, though it is in doubt what became of them', async () => {
	const page = {
		type: 'status',
		status: 429,
		body: 'error code: 1015',
		headers: { 'retry-after': '60' },
	} as const;
	fails('submit', page, Infinity);
	const items = Array.from({ length: 30 }, (_, n) => ({ json: { n }, files: { data: photo } }));
	const parameters = { prompt: '={{ "row " + $json.n }}' };
	const run = edit({ items, parameters, nodeExtras: CONTINUE });
	await virtualTime.sleepMs(30_000);
	sandbox.clearFaults();
	const { json } = await run;
	expect(json.filter((one) => errorOf(one) !== undefined).length).toBeLessThanOrEqual(4);
});

it.each([1, 2])(
	'a fault before a second submit does not hide that one of %d may be billed',
	async (numberOfImages) => {
		fails('submit', { type: 'resetBefore' });
		const first = await edit({ parameters: { numberOfImages } });
		expect(first.error?.message).toMatch(/^Couldn’t confirm/);
		fails('upload', { type: 'status', status: 400 }, Infinity);
		const { error } = await retryManually(first, {}, RESUBMIT);
		expect(error?.description).toContain('may have been accepted and billed');
		expect(submits()).toBe(numberOfImages);
	},
);

describe('an ID that a gateway made up', () => {
	const accepted = { id: 'gw-1234', message: 'accepted' };
	const created = { code: 200, data: { id: 'fake-1', status: 'created' } };

	it.each<[string, object]>([
		['outside an envelope', accepted],
		['in an envelope', created],
	])('does not hide the real prediction (%s)', async (_where, body) => {
		fails('submit', { type: 'status', status: 200, body, handled: true });
		expectBilledOnce(await edit({ nodeExtras: RETRY_3, parameters: RESUBMIT }));
	});

	it.each([
		['400', { type: 'status', status: 400, body: { code: 400, msg: 'no such prediction' } }],
		['404 in an envelope', { type: 'status', status: 200, body: { code: 404, msg: 'no such prediction' } }],
	] as const)('does not hide it where Atlas Cloud answers with %s', async (_how, action) => {
		fails('submit', { type: 'status', status: 200, body: created, handled: true });
		sandbox.addFault({ endpoint: 'prediction', match: 'fake-1', times: Infinity, action });
		expectBilledOnce(await edit());
	});

	it('is not claimed if there is no prediction: the edit is unknown', async () => {
		fails('submit', { type: 'status', status: 200, body: accepted });
		const { error } = await edit();
		expect(error?.message).toMatch(/^Couldn’t confirm whether Atlas Cloud accepted the request/);
		expect(error?.context?.predictionId ?? null).toBeNull();
		expect(JSON.stringify([error?.message, error?.description])).not.toContain('gw-1234');
		expect([submits(), chargedIds()]).toEqual([1, []]);
	});

	it('is reported if nothing better is found, and nothing is bought again', async () => {
		fails('submit', { type: 'status', status: 200, body: created });
		const { error } = await edit({ parameters: RESUBMIT });
		expect(error?.context?.predictionId).toBe('fake-1');
		expect([submits(), chargedIds()]).toEqual([1, []]);
	});
});

it('a Retry-After of a day refuses the items of its model, and those of another model continue', async () => {
	const action = { type: 'status', status: 429, headers: { 'retry-after': '86400' } } as const;
	sandbox.addFault({ endpoint: 'submit', match: V4, action });
	const items = [V4, LITE, V4, LITE].map((model) => ({ json: { model }, files: { data: photo } }));
	const { json } = await edit({
		items,
		parameters: {
			model: { __rl: true, mode: 'id', value: '={{ $json.model }}' },
			size: '2048*2048',
			options: { concurrency: 1 },
		},
		nodeExtras: CONTINUE,
	});
	expect(json.map((one) => errorOf(one)?.statusCode ?? one.model)).toEqual([429, LITE, 429, LITE]);
	for (const i of [0, 2]) {
		expect(errorOf(json[i])?.message).toMatch(/^Too many requests to Atlas Cloud \(429\)$/);
		expect(errorOf(json[i])?.description).toContain('Nothing was billed for this item.');
	}
	expect(ledger.charges.map(({ model }) => model)).toEqual([LITE, LITE]);
});
