import type { FaultAction } from '../../../sandbox';
import { LITE, submittedBodies, V4 } from '../seedream';
import {
	CONTINUE,
	DOWNLOAD_ATTEMPTS,
	MODERATED,
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
	submits,
	useSandbox,
} from './account';

useSandbox();

describe('Retry On Fail', () => {
	it('pays once when the file host is down at first, even if the prompt contains the current time', async () => {
		fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
		const result = await edit({
			nodeExtras: RETRY_3,
			parameters: { prompt: '={{ "at " + $now.toMillis() + Math.random() }}' },
		});
		expectBilledOnce(result);
	});

	it('returns what is paid for although the model can’t be read any more', async () => {
		fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
		fails('models', { type: 'status', status: 503 }, Infinity, 2);
		const { items, parameters } = sameUrl(1);
		const model = 'bytedance/seedream-v4.5/edit';
		const result = await edit({
			items,
			nodeExtras: RETRY_3,
			parameters: { ...parameters, model, size: '2048*2048' },
		});
		expectBilledOnce(result);
	});

	it('counts no second purchase for a blocked image in Max Cost per Run', async () => {
		await atlas({ chargeFailedTasks: true });
		fails('submit', MODERATED);
		fails('submit', { type: 'status', status: 400 }, 1, 2);
		const { json } = await edit({
			items: [photo, other].map((data) => ({ files: { data } })),
			nodeExtras: { ...RETRY_3, ...CONTINUE },
			parameters: { options: { maxCostUsd: 0.054, concurrency: 1 } },
		});
		expect(json.map(({ status }) => status)).toEqual(['failed', 'completed']);
		expect(json[0].error).toMatchObject({ message: expect.stringMatching(/^Content moderation/) as string });
	});

	it('searches again for an unknown edit, and never resends it', async () => {
		await atlas({ history: { delaySeconds: 90 } });
		fails('submit', { type: 'resetAfter' });
		expectBilledOnce(await edit({ nodeExtras: RETRY_3 }));
	});

	it('resubmits a failed edit once per attempt', async () => {
		fails('submit', { type: 'failTask', shape: 'status200' }, 2);
		const result = await edit({ nodeExtras: RETRY_3 });
		expect(result.error).toBeUndefined();
		expect([submits(), chargedIds().length]).toEqual([3, 1]);
	});

	it.each(['moderation', 'nsfw'] as const)(
		'does not resubmit an edit that moderation stopped: %s',
		async (shape) => {
			fails('submit', { type: 'failTask', shape }, Infinity);
			const { error } = await edit({ nodeExtras: RETRY_3 });
			expect(error?.message).toMatch(/^Content moderation blocked this request/);
			expect(error?.message).toContain([...ledger.predictions.keys()][0]);
			expect(submits()).toBe(1);
		},
	);

	it('does not pay again for an edit that finished and returned no image', async () => {
		fails('submit', { type: 'patchResult', patch: { outputs: [] } });
		const { error } = await edit({ nodeExtras: RETRY_3 });
		expect(error?.message).toContain(chargedIds()[0]);
		expect(submits()).toBe(1);
	});

	it('does not hang when an item’s model changes between attempts', async () => {
		const json = { model: V4 };
		await atlas({
			onRequestOver: ({ endpoint }) => {
				if (endpoint === 'submit' && submits() === 2) json.model = LITE;
			},
		});
		fails('submit', { type: 'status', status: 402 }, 1, 2);
		const result = await edit({
			items: [
				{ json, files: { data: photo } },
				{ json: { model: V4 }, files: { data: other } },
			],
			parameters: {
				model: { __rl: true, mode: 'id', value: '={{ $json.model }}' },
				size: '2048*2048',
				options: { concurrency: 1 },
			},
			nodeExtras: RETRY_3,
		});
		expect(result.run.status).toBe('success');
		expect(result.json.map(({ model }) => model)).toEqual([V4, V4]);
	});

	it('reports what an earlier attempt bought even if the last one fails before its submit', async () => {
		const { parameters } = sameUrl(1);
		const failing: FaultAction = { type: 'failTask', shape: 'status200' };
		sandbox.addFault({ endpoint: 'submit', match: 'a wish', action: failing, times: Infinity });
		// Reading the input's size and downloading succeed; the next attempt's reads of the input do not.
		fails('file', { type: 'status', status: 503 }, 6, 3);
		const { json } = await edit({
			items: ['a', 'b'].map((wish) => ({ json: { wish } })),
			parameters: { ...parameters, size: 'matchInput', prompt: '={{ $json.wish + " wish" }}' },
			nodeExtras: { ...CONTINUE, ...RETRY_3, maxTries: 2 },
		});
		const error = errorOf(json[1]);
		expect(error).toMatchObject({ predictionId: chargedIds()[0] });
		expect(error?.message).toContain('Couldn’t load the image at');
		expect(error?.description).toContain('Wait for Completion');
	});

	it('reports the failed predictions of earlier attempts', async () => {
		fails('submit', { type: 'failTask', shape: 'status200' });
		fails('submit', { type: 'status', status: 402 }, 5, 2);
		const { error } = await edit({ nodeExtras: RETRY_3 });
		expect(error?.description).toContain([...ledger.predictions.keys()][0]);
	});

	it('outputs the request that was bought, not that of the last attempt', async () => {
		fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
		const { json } = await edit({
			nodeExtras: RETRY_3,
			parameters: { prompt: '={{ "at " + Math.random() }}' },
		});
		expect(json.map(({ prompt }) => prompt)).toEqual(ledger.charges.map(({ prompt }) => prompt));
	});

	it('keeps the other items’ edits when one item makes n8n run them all again', async () => {
		fails('submit', { type: 'failTask', shape: 'status200' });
		const result = await edit({
			items: [{ files: { data: photo } }, { files: { data: other } }],
			parameters: { options: { concurrency: 1 } },
			nodeExtras: { ...CONTINUE, ...RETRY_3 },
		});
		expect(idsIn(result).sort()).toEqual(chargedIds().sort());
		expect([submits(), chargedIds().length]).toEqual([3, 2]);
	});
});

it('Submit does not pay again on the next attempt', async () => {
	fails('submit', { type: 'resetAfter' }, 1, 1);
	fails('submit', { type: 'status', status: 402 }, 1, 2);
	const result = await edit({
		items: [{ files: { data: photo } }, { files: { data: other } }],
		parameters: { resource: 'prediction', operation: 'submit', options: { concurrency: 1 } },
		nodeExtras: RETRY_3,
	});
	expect(idsIn(result)).toEqual(chargedIds());
	expect([submits(), submittedBodies(sandbox).length, chargedIds().length]).toEqual([3, 3, 2]);
});
