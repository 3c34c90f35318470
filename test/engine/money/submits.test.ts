import type { FaultAction } from '../../../sandbox';
import { behindGateway } from '../gateway';
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
	other,
	photo,
	sameUrl,
	sandbox,
	submitSeconds,
	submits,
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

	it('is retried while Atlas Cloud prepares a fresh upload', async () => {
		const body = { code: 400, msg: 'The image is still being prepared, please retry', data: null };
		fails('submit', { type: 'status', status: 400, body }, 3);
		expect(idsIn(await edit())).toEqual(chargedIds());
		expect([submits(), ledger.count('upload'), chargedIds().length]).toEqual([4, 1, 1]);
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

describe('a lost answer', () => {
	it('is searched for in the history until it shows up, past other people’s edits and across pages', async () => {
		let isBusy = true;
		await atlas({
			history: { delaySeconds: 20, foreignTasks: 6 },
			onRequestOver: ({ endpoint, body }) => {
				if (endpoint !== 'submit') return;
				for (let i = 0; isBusy && i < 70; i++)
					sandbox.addForeignTask({ ...(body as object), prompt: `${i}` });
				isBusy = false;
			},
		});
		fails('submit', { type: 'resetAfter' });
		const result = await edit();
		expect(idsIn(result)).toEqual(chargedIds());
		expect(ledger.requests.some(({ path }) => path.includes('no=2'))).toBe(true);
	});

	it('is reported as unknown, with advice on how to check, when the history never shows it', async () => {
		fails('submit', { type: 'resetBefore' });
		const { error } = await edit();
		expect(error?.message).toMatch(/^Couldn’t confirm whether Atlas Cloud accepted the request/);
		expect(error?.description?.split('<br>')).toEqual([
			'To avoid billing you twice, it was not sent again.',
			expect.stringMatching(
				/^1\. Look for it with Prediction > Get Many and 'Return All' on: .* created at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC /,
			) as string,
			'2. If it’s there, get its result with Prediction > Wait for Completion.',
			expect.stringMatching(
				/^3\. If it isn’t there \(Atlas Cloud keeps it until \d{4}-.* UTC\), it was most likely never created: run this item again/,
			),
		]);
		expect([submits(), chargedIds()]).toEqual([1, []]);
	});

	it('is reported as unknown when the history cannot be read: a broken answer does not mean an empty history', async () => {
		fails('submit', { type: 'resetAfter' });
		fails('history', { type: 'emptyObject' }, Infinity);
		const { error } = await edit({ parameters: { options: { resubmitUnknown: true } } });
		expect(error?.message).toMatch(/^Couldn’t confirm whether/);
		expect(error?.description).toContain('Couldn’t read the prediction history');
		expect(submits()).toBe(1);
	});

	it('does not claim the edit of another item whose submit was answered', async () => {
		fails('submit', { type: 'resetBefore' });
		const result = await edit({ ...sameUrl(2), nodeExtras: CONTINUE });
		const messages = result.json.map((json) => errorOf(json)?.message ?? '');
		expect(messages.filter((message) => /^Couldn’t confirm whether/.test(String(message)))).toHaveLength(1);
		expect(result.json.flatMap(({ predictionId }) => predictionId ?? [])).toEqual(chargedIds());
		expect(chargedIds()).toHaveLength(1);
	});

	it('reports every match and claims none when there are more matches than lost answers', async () => {
		let body: object | undefined;
		await atlas({
			onRequestOver: (request) => {
				if (request.endpoint !== 'submit' || body) return;
				body = request.body as object;
				sandbox.addForeignTask(body);
			},
		});
		fails('submit', { type: 'resetAfter' });
		const { error } = await edit(sameUrl(1));
		const fitting = [...ledger.predictions.values()].filter(
			(task) => task.body && JSON.stringify(task.body) === JSON.stringify(body),
		);
		expect(fitting).toHaveLength(2);
		for (const { id } of fitting) expect(error?.message).toContain(id);
		expect(submits()).toBe(1);
	});

	it('tells two edits with the same body apart even after both were reported as unknown', async () => {
		await atlas({ history: { delaySeconds: 150 } });
		fails('submit', { type: 'resetAfter' }, 2);
		const { items, parameters } = sameUrl(2);
		const result = await edit({
			items,
			parameters: { ...parameters, options: { concurrency: 1 } },
			nodeExtras: { ...CONTINUE, ...RETRY_3 },
		});
		expect(new Set(idsIn(result))).toEqual(new Set(chargedIds()));
		expect([chargedIds().length, submits()]).toEqual([2, 2]);
	});

	it('is polled right away by the ID in an error answer, and never bought again', async () => {
		await atlas({ history: { delaySeconds: 100_000 } });
		await behindGateway(sandbox, async (baseUrl) => {
			const parameters = { options: { resubmitUnknown: true } };
			expectBilledOnce(await edit({ credentialData: { baseUrl }, nodeExtras: RETRY_3, parameters }));
		});
	});

	it('keeps the ID from an error answer through all attempts, even if the prediction never shows up', async () => {
		await atlas({ history: { delaySeconds: 100_000 }, warmUp: { seconds: 100_000, status: 404 } });
		await behindGateway(sandbox, async (baseUrl) => {
			const parameters = { options: { resubmitUnknown: true } };
			const { error } = await edit({ credentialData: { baseUrl }, nodeExtras: RETRY_3, parameters });
			expect(error?.message).toContain(chargedIds()[0]);
			expect(submits()).toBe(1);
			const items = [photo, other].map((data) => ({ files: { data } }));
			const both = await edit({ credentialData: { baseUrl }, items, parameters });
			for (const id of chargedIds().slice(1))
				expect(`${both.error?.message} ${both.error?.description}`).toContain(id);
		});
	});

	it('is resent only once in total when Resubmit If Lost allows it, no matter how many attempts there are', async () => {
		await atlas({ history: { delaySeconds: 100_000 } });
		fails('submit', { type: 'resetAfter' }, Infinity);
		const { error } = await edit({
			parameters: { options: { resubmitUnknown: true } },
			nodeExtras: RETRY_3,
		});
		expect(error?.message).toMatch(/^Couldn’t confirm whether/);
		expect(submits()).toBe(2);
	});

	it('is resent once when Resubmit If Lost allows it', async () => {
		fails('submit', { type: 'resetBefore' });
		const parameters = { options: { resubmitUnknown: true } };
		expect(idsIn(await edit({ parameters }))).toEqual(chargedIds());
		expect([submits(), chargedIds().length]).toEqual([2, 1]);
		fails('submit', { type: 'resetBefore' }, Infinity);
		expect((await edit({ parameters })).error?.message).toMatch(/^Couldn’t confirm whether/);
		expect(submits()).toBe(4);
	});
});

describe('Resubmit If Lost', () => {
	const parameters = { prompt: '={{ $json.wish + " wish" }}', options: { resubmitUnknown: true } };
	const match = (wish: string, action: FaultAction) =>
		sandbox.addFault({ endpoint: 'submit', match: `${wish} wish`, action });
	const items = (...wishes: string[]) => wishes.map((wish) => ({ json: { wish }, files: { data: photo } }));
	beforeEach(async () => await atlas({ history: { delaySeconds: 100_000 } }));

	it('does not say that nothing was billed when the second submit is refused', async () => {
		fails('submit', { type: 'resetAfter' });
		fails('submit', { type: 'status', status: 402 }, 1, 2);
		const { error } = await edit({ items: items('a'), parameters });
		expect(error?.message).toContain('(402');
		expect(error?.description).toMatch(/first request of this item may have been accepted and billed/);
		expect(error?.description).not.toMatch(/Nothing was billed for this item|unclear|earlier request/);
		expect(submits()).toBe(2);
	});

	it('finds the first one later if the second is refused', async () => {
		await atlas({ history: { delaySeconds: 90 } });
		fails('submit', { type: 'resetAfter' });
		fails('submit', { type: 'status', status: 402 }, 1, 2);
		const result = await edit({ items: items('a'), parameters, nodeExtras: RETRY_3 });
		expect(idsIn(result)).toEqual(chargedIds());
		expect([submits(), chargedIds().length]).toEqual([2, 1]);
	});

	it('holds up no other edit while it is looked for', async () => {
		await atlas({ history: { delaySeconds: 30 }, predictSeconds: 8 });
		match('a', { type: 'delay', seconds: 5 });
		match('a', { type: 'resetAfter' });
		const result = await edit({
			items: items('a', 'b', 'a', 'c'),
			parameters: { ...parameters, options: { concurrency: 2 } },
		});
		expect(result.error).toBeUndefined();
		expect(ledger.charges.map(({ prompt }) => prompt[0])).toEqual(['b', 'a', 'c', 'a']);
		// The first one is lost from 5 s on, and found after 30 s.
		expect(submitSeconds()[2]).toBeLessThan(20);
	});

	it('still reports an unknown edit when the batch stops before it is resent', async () => {
		match('b', { type: 'resetAfter' });
		match('a', { type: 'delay', seconds: 5 });
		match('a', { type: 'status', status: 402 });
		const { error } = await edit({ items: items('a', 'b'), parameters });
		expect(error?.message).toContain('(402');
		expect(error?.description).toContain('For 1 item, it’s unclear');
	});
});

describe('a download', () => {
	it('is stopped once it exceeds Max Download Size, and not retried', async () => {
		fails('file', { type: 'hugeBody', bytes: 40_000_000 });
		const { error } = await edit({ parameters: { options: { maxDownloadMb: 1 } } });
		expect(error?.message).toContain('it is larger than 1 MB');
		expect(error?.message).toContain(chargedIds()[0]);
		expect(ledger.count('file')).toBe(1);
	});

	it.each(['http://169.254.169.254/latest', 'javascript:alert(1)', 'file:///etc/passwd'])(
		'is not made, and the link is not returned, if it leads to %s',
		async (link) => {
			for (const downloadImages of [true, false]) {
				fails('submit', { type: 'patchResult', patch: { outputs: [link] } });
				const { error } = await edit({ parameters: { options: { downloadImages } } });
				expect(error?.message).toMatch(
					/^The prediction is finished and billed, but its file.*was blocked because/,
				);
				expect(error?.message).toContain(chargedIds().at(-1));
				const parameters = { resource: 'prediction', operation: 'getAll', limit: 1 };
				const [listed] = (await edit({ parameters })).json;
				expect(listed).toMatchObject({ predictionId: chargedIds().at(-1), imageUrl: null });
			}
			expect(ledger.count('file')).toBe(0);
		},
	);
});

it('waits for a prediction that is not visible yet, even if the answer to its submit was slow', async () => {
	await atlas({ warmUp: { seconds: 10, status: 404 } });
	fails('submit', { type: 'delay', seconds: 40 });
	const result = await edit();
	expect(result.error).toBeUndefined();
	expect(idsIn(result)).toEqual(chargedIds());
});
