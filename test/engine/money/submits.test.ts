import {
	CONTINUE,
	atlas,
	chargedIds,
	edit,
	fails,
	idsIn,
	ledger,
	other,
	photo,
	sameUrl,
	sandbox,
	submitSeconds,
	useSandbox,
} from './account';

useSandbox();

describe('a submit that created nothing', () => {
	it('is retried after a 429, and waits as long as Retry-After says', async () => {
		fails('submit', { type: 'status', status: 429, headers: { 'retry-after': '40' } });
		expect(idsIn(await edit())).toEqual(chargedIds());
		const [first, second] = ledger.requests.filter(({ endpoint }) => endpoint === 'submit');
		expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(39_000);
	});

	it('is retried while the connection is refused', async () => {
		const up = sandbox.restart(20);
		const result = await edit(sameUrl(1));
		await up;
		expect(idsIn(result)).toEqual(chargedIds());
		expect(chargedIds()).toHaveLength(1);
	});

	it('waits as long as Retry-After says even if another edit finishes meanwhile', async () => {
		sandbox.setOptions({ predictSeconds: 30 });
		fails('submit', { type: 'status', status: 429 }, 1, 2);
		fails('submit', { type: 'status', status: 429, headers: { 'retry-after': '200' } }, 1, 3);
		const items = [photo, other].map((data) => ({ files: { data } }));
		const { error } = await edit({ items, parameters: { options: { concurrency: 2 } } });
		expect(error).toBeUndefined();
		const [, , third, fourth] = submitSeconds();
		expect(fourth - third).toBeGreaterThanOrEqual(199);
	});

	it('waits longer than a read would', async () => {
		fails('submit', { type: 'status', status: 429, headers: { 'retry-after': '600' } });
		expect((await edit({ parameters: { options: { timeoutSeconds: 3_600 } } })).error).toBeUndefined();
		const [first, second] = submitSeconds();
		expect(second - first).toBeGreaterThanOrEqual(599);
	});

	it('has the full timeout for its retries: time spent waiting for other items does not count', async () => {
		sandbox.addFault({ endpoint: 'upload', nth: 2, action: { type: 'delay', seconds: 5 } });
		fails('submit', { type: 'status', status: 429, headers: { 'retry-after': '100' } });
		fails('submit', { type: 'status', status: 429, headers: { 'retry-after': '40' } }, 1, 3);
		const { json } = await edit({
			items: [photo, other].map((data) => ({ files: { data } })),
			parameters: { options: { timeoutSeconds: 128 } },
			nodeExtras: CONTINUE,
		});
		expect(json.map(({ status, error }) => error ?? status)).toEqual(['completed', 'completed']);
	});
});

it('waits for a prediction that is not visible yet, even if the answer to its submit was slow', async () => {
	await atlas({ warmUp: { seconds: 10, status: 404 } });
	fails('submit', { type: 'delay', seconds: 40 });
	const result = await edit();
	expect(result.error).toBeUndefined();
	expect(idsIn(result)).toEqual(chargedIds());
});
