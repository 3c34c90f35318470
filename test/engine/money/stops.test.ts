import { Logger } from '@n8n/backend-common';
import { retryManually } from '../retries';
import { picture, type SeedreamOptions } from '../seedream';
import { virtualTime } from '../virtualTime';
import {
	CONTINUE,
	DOWNLOAD_ATTEMPTS,
	MODERATED,
	RETRY_3,
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
	submits,
	useSandbox,
} from './account';

useSandbox();

describe('On Error: Stop Workflow', () => {
	const three = () => ['a', 'b', 'c'].map((wish) => ({ json: { wish }, files: { data: photo } }));
	const prompt = '={{ $json.wish + " wish" }}';
	const refuse = (wish: string, status = 402, seconds = 0) => {
		const match = `${wish} wish`;
		if (seconds > 0) sandbox.addFault({ endpoint: 'submit', match, action: { type: 'delay', seconds } });
		sandbox.addFault({ endpoint: 'submit', match, action: { type: 'status', status } });
	};

	it('submits nothing new after the first failure', async () => {
		refuse('a');
		const { error } = await edit({ items: three(), parameters: { prompt, options: { concurrency: 1 } } });
		expect(error?.message).toContain('(402');
		expect([submits(), chargedIds()]).toEqual([1, []]);
	});

	it.each([1, 2])(
		'submits nothing new after the first timeout, with a concurrency of %d',
		async (concurrency) => {
			sandbox.setOptions({ predictSeconds: 600 });
			const items = [1, 2, 3, 4].map(() => ({ files: { data: photo } }));
			const { error } = await edit({ items, parameters: { options: { concurrency, timeoutSeconds: 5 } } });
			expect(error?.message).toMatch(/^The prediction is still running/);
			expect(submits()).toBe(concurrency);
		},
	);

	it('waits for the answers to submits in flight, not for their images, and reports their IDs', async () => {
		refuse('a');
		for (const wish of ['b', 'c'])
			sandbox.addFault({ endpoint: 'submit', match: `${wish} wish`, action: { type: 'delay', seconds: 5 } });
		const { error } = await edit({ items: three(), parameters: { prompt } });
		expect(chargedIds()).toHaveLength(2);
		for (const id of chargedIds()) expect(error?.messages.join()).toContain(id);
		expect(error?.description).toMatch(/2 other predictions of this run are billed \(about \$0\.054\)/);
		// No credit: no item would be accepted.
		expect(error?.context?.itemIndex).toBeUndefined();
		expect(ledger.count('file')).toBe(0);
	});

	it.each([1, 2])('throws what is wrong, though the input image at a URL is kept: %d images', async (n) => {
		const { items, parameters } = sameUrl(1);
		fails('submit', MODERATED);
		const options = { keepInputImage: true };
		const { error } = await edit({ items, parameters: { ...parameters, numberOfImages: n, options } });
		expect(error?.message).toMatch(/^Content moderation/);
	});

	it('throws the failing item with the lowest index, even if another one failed first', async () => {
		refuse('c');
		refuse('b', 403, 5);
		const { error } = await edit({ items: three(), parameters: { prompt } });
		expect(error?.context).toMatchObject({ itemIndex: 1 });
		expect(error?.message).toContain('(403');
	});

	it('reports other items whose submit may or may not have been accepted', async () => {
		refuse('a');
		sandbox.addFault({ endpoint: 'submit', match: 'b wish', action: { type: 'delay', seconds: 2 } });
		sandbox.addFault({ endpoint: 'submit', match: 'b wish', action: { type: 'resetBefore' } });
		const { error } = await edit({ items: three().slice(0, 2), parameters: { prompt } });
		expect(error?.message).toContain('(402');
		expect(error?.description).toContain('For 1 item, it’s unclear whether Atlas Cloud accepted the request');
	});
});

describe('a cancel', () => {
	it('submits nothing more, even if Retry On Fail runs the node again', async () => {
		let cancel = () => {};
		const cancelWhen = new Promise<void>((resolve) => (cancel = resolve));
		await atlas({ predictSeconds: 60, onRequestOver: ({ endpoint }) => endpoint === 'submit' && cancel() });
		await edit({
			items: [photo, photo, other].map((data) => ({ files: { data } })),
			parameters: { options: { concurrency: 1 } },
			nodeExtras: RETRY_3,
			cancelWhen,
		});
		await virtualTime.sleepMs(10_000);
		expect(submits()).toBe(1);
	});
});

describe('the log after a cancel', () => {
	const said = async (work: () => Promise<unknown>): Promise<string[]> => {
		const warn = jest.spyOn(Logger.prototype, 'warn');
		try {
			await work();
			return warn.mock.calls.map((call) => JSON.stringify(call));
		} finally {
			warn.mockRestore();
		}
	};
	const stopButton = () => {
		let cancel = () => {};
		const cancelWhen = new Promise<void>((resolve) => (cancel = resolve));
		return { cancel, cancelWhen };
	};

	it('names each paid prediction once if the cancel comes between two attempts', async () => {
		const { cancel, cancelWhen } = stopButton();
		let files = 0;
		await atlas({
			onRequestOver: ({ endpoint }) => {
				if (endpoint === 'file' && ++files === DOWNLOAD_ATTEMPTS)
					void virtualTime.sleepMs(12_000).then(cancel);
			},
		});
		fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
		const options = { nodeExtras: { ...RETRY_3, waitBetweenTries: 50 }, cancelWhen };
		const lines = await said(async () => await edit(options));
		expect(lines.filter((line) => line.includes(chargedIds()[0]))).toHaveLength(1);
	});

	it('and the next run have what an attempt had returned before the cancel', async () => {
		const { cancel, cancelWhen } = stopButton();
		await atlas({
			onRequestOver: ({ endpoint }) => {
				if (endpoint === 'file') void virtualTime.sleepMs(12_000).then(cancel);
			},
		});
		const fault = { type: 'failTask', shape: 'status200' } as const;
		sandbox.addFault({ endpoint: 'submit', match: 'a wish', action: fault });
		const items = ['a', 'b'].map((wish) => ({ json: { wish }, files: { data: photo } }));
		const call = { items, parameters: { prompt: '={{ $json.wish + " wish" }}' } };
		const nodeExtras = { ...CONTINUE, ...RETRY_3, waitBetweenTries: 50 };
		await said(async () => await edit({ ...call, nodeExtras, cancelWhen }));
		expect(submits()).toBe(2);
		const [, b] = idsIn(await edit({ ...call, executionId: '2' }));
		expect(
			ledger.charges.filter(({ prompt }) => prompt === 'b wish').map(({ predictionId }) => predictionId),
		).toEqual([b]);
	});

	it('names what an earlier attempt had returned and n8n discarded', async () => {
		const { cancel, cancelWhen } = stopButton();
		await atlas({
			onRequestOver: ({ endpoint }) => {
				if (endpoint === 'submit' && submits() === 3) cancel();
			},
		});
		sandbox.addFault({
			endpoint: 'submit',
			match: 'a wish',
			action: { type: 'failTask', shape: 'status200' },
		});
		const items = ['a', 'b'].map((wish) => ({ json: { wish }, files: { data: photo } }));
		const lines = await said(
			async () =>
				await edit({
					items,
					parameters: { prompt: '={{ $json.wish + " wish" }}' },
					nodeExtras: { ...CONTINUE, ...RETRY_3 },
					cancelWhen,
				}),
		);
		const ofB = ledger.charges.find(({ prompt }) => prompt === 'b wish')?.predictionId;
		expect(lines.some((line) => line.includes(String(ofB)))).toBe(true);
	});
});

/** Items with photos of their own. */
const rows = async (count: number) =>
	await Promise.all(
		Array.from({ length: count }, async (_, i) => ({
			files: { data: await picture({ left: `#${String(i + 1).repeat(6)}` }) },
		})),
	);

describe('eight rows, one blocked, and On Error: Stop', () => {
	// What failed tasks cost is not known for sure: here they are billed, so that every submit counts.
	beforeEach(async () => await atlas({ chargeFailedTasks: true }));

	it('bills only the blocked row when the node is run again', async () => {
		const items = await rows(8);
		fails('submit', MODERATED, 1, 3);
		const failed = await edit({ items, executionId: '1' });
		expect(submits()).toBe(8);
		const { description, messages } = failed.error ?? {};
		expect(description).toMatch(/7 other \w+ of this run are billed .*\$0\.189/);
		expect(description).toMatch(/On Error to Continue/);
		expect(JSON.stringify(messages)).toContain(chargedIds()[0]);

		const again = await edit({ items, executionId: '2' });
		expect(again.error).toBeUndefined();
		expect(again.json).toHaveLength(8);
		expect(submits()).toBe(9);
		expect(new Set(idsIn(again)).size).toBe(8);
		expect(again.hint).toMatch(/7 /);
	});

	it('keeps nothing of what was returned', async () => {
		const items = await rows(2);
		await edit({ items, executionId: '1' });
		await edit({ items, executionId: '2' });
		expect(submits()).toBe(4);
	});

	it('gives one leftover to one row', async () => {
		const [row] = await rows(1);
		fails('submit', MODERATED, 1, 2);
		const parameters = { options: { concurrency: 1 } };
		await edit({ items: [row, ...(await rows(2)).slice(1)], parameters, executionId: '1' });
		const again = await edit({ items: [row, row], executionId: '2' });
		expect(new Set(idsIn(again)).size).toBe(2);
		expect(submits()).toBe(3);
	});

	it('buys anew for another prompt, and on another account’s key', async () => {
		const items = await rows(2);
		fails('submit', MODERATED, 1, 2);
		await edit({ items, executionId: '1' });
		await edit({ items, executionId: '2', parameters: { prompt: 'something else' } });
		expect(submits()).toBe(4);
	});
});

it.each<[string, number, SeedreamOptions['mode'], boolean]>([
	['by hand, within 15 minutes', 10, 'manual', true],
	['by hand, later', 20, 'manual', false],
	['by itself', 1, 'trigger', false],
	['by Retry, though its own record is refused', 1, 'retry', true],
])(
	'an image made from a URL is picked up by a run that is started %s: %d min, %s, %s',
	async (_how, ...row) => {
		const [minutes, mode, isPickedUp] = row;
		const { parameters } = sameUrl(1);
		const run = async (options: Partial<SeedreamOptions>) =>
			await edit({ items: [{}], parameters, ...options });
		fails('submit', { type: 'status', status: 402 });
		const refused = await run({ executionId: '1', mode: 'trigger' });
		fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
		await run({ executionId: '2', mode: 'trigger' });
		await virtualTime.sleepMs(minutes * 60_000);
		const options = { items: [{}], executionId: '3' };
		const again =
			mode === 'retry' ? await retryManually(refused, options) : await run({ executionId: '3', mode });
		expect(again.error).toBeUndefined();
		expect(chargedIds()).toHaveLength(isPickedUp ? 1 : 2);
	},
);
