import { Logger } from '@n8n/backend-common';
import { virtualTime } from '../virtualTime';
import {
	CONTINUE,
	DOWNLOAD_ATTEMPTS,
	RETRY_3,
	atlas,
	chargedIds,
	edit,
	fails,
	ledger,
	other,
	photo,
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
		expect(error?.description).toMatch(/2 other predictions of this run are paid for \(about \$0\.054\)/);
		// No credit: no item would be accepted.
		expect(error?.context?.itemIndex).toBeUndefined();
		expect(ledger.count('file')).toBe(0);
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
