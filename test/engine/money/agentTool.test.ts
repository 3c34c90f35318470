import { AS_TOOL, callAsAgents, callItemsInParallel } from '../agent';
import { nextRound } from '../retries';
import type { SeedreamOptions, SeedreamResult } from '../seedream';
import { virtualTime } from '../virtualTime';
import {
	DOWNLOAD_ATTEMPTS,
	MODERATED,
	atlas,
	chargedIds,
	edit,
	expectBilledOnce,
	fails,
	idsIn,
	ledger,
	photo,
	sameUrl,
	sandbox,
	submits,
	useSandbox,
} from './account';

useSandbox();

describe('as an agent’s tool, where each attempt has its own run index', () => {
	const again = async (before: SeedreamResult) => await nextRound(before, { ...AS_TOOL });

	it('resumes what it bought on the next attempt, and buys again once that was returned', async () => {
		fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS);
		const failed = await edit(AS_TOOL);
		expect(failed.error?.message).toContain(chargedIds()[0]);
		const second = await again(failed);
		expect(idsIn(second)).toEqual(chargedIds());
		const third = await again(second);
		expect(idsIn(third)).toEqual([chargedIds()[1]]);
		expect(submits()).toBe(2);
	});

	it('shows the agent what to do in the message: it sees nothing else', async () => {
		fails('submit', MODERATED, 2);
		const { error } = await edit({ ...AS_TOOL, parameters: { numberOfImages: 2 } });
		expect(error?.message).toMatch(/^Content moderation[^<]*\nChange the prompt[^<]*\n[^<]*$/);
		// Or n8n would add it once more.
		expect(error?.message).toContain(error?.description);
	});

	it('keeps parallel calls with the same run index apart', async () => {
		const restore = callItemsInParallel();
		try {
			const { parameters } = sameUrl(1);
			fails('file', { type: 'resetBefore' }, 2 * DOWNLOAD_ATTEMPTS);
			const { error } = await edit({
				...AS_TOOL,
				items: ['a', 'b'].map((wish) => ({ json: { wish } })),
				parameters: { ...parameters, prompt: '={{ $json.wish + " wish" }}' },
			});
			expect(error).toBeUndefined();
			expect(ledger.charges.map(({ prompt }) => prompt).sort()).toEqual(['a wish', 'b wish']);
		} finally {
			restore();
		}
	});

	it('gives equal parallel calls of several images their own', async () => {
		// The answer to the first submit is lost: the other call is done with its first image by then.
		fails('submit', { type: 'resetAfter' });
		const restore = callItemsInParallel();
		try {
			const { parameters } = sameUrl(1);
			const result = await edit({
				...AS_TOOL,
				items: [{ json: {} }, { json: {} }],
				parameters: { ...parameters, numberOfImages: 4, options: { concurrency: 1 } },
			});
			expect(result.error).toBeUndefined();
			expect([new Set(idsIn(result)).size, submits()]).toEqual([8, 8]);
		} finally {
			restore();
		}
	});

	it.each([true, false])(
		'is not bought again by a person’s retry once it had succeeded (kept by n8n: %s)',
		async (isKept) => {
			const options = { ...AS_TOOL, ...sameUrl(1) };
			const first = await edit({ ...options, executionId: '1' });
			const retry = { ...options, mode: 'retry' as const, executionId: '2' };
			const again = isKept ? await nextRound(first, { ...retry }) : await edit(retry);
			expectBilledOnce(again);
		},
	);

	// n8n gives such calls neither an execution ID nor what an earlier one kept.
	it.each([
		['an MCP client’s', () => () => {}],
		['an n8n Agent’s', callAsAgents],
	])('as %s call, picks up what the call before did not wait for', async (_whose, begin) => {
		const { items, parameters } = sameUrl(1);
		const call: SeedreamOptions = {
			...AS_TOOL,
			mode: 'trigger',
			executionId: '',
			items,
			parameters: {
				...parameters,
				images: `${String(parameters.images)} data:image/png;base64,${photo.toString('base64')}`,
				options: { timeoutSeconds: 5 },
			},
		};
		sandbox.setOptions({ predictSeconds: 60 });
		const restore = begin();
		try {
			expect((await edit(call)).error?.message).toMatch(/^The prediction is still running/);
			sandbox.setOptions({ predictSeconds: 1 });
			await virtualTime.sleepMs(60_000);
			expectBilledOnce(await edit(call));
			expect(idsIn(await edit(call))).toEqual([chargedIds()[1]]);
		} finally {
			restore();
		}
	});

	it('returns only URLs without an execution, whose files nobody could read', async () => {
		const { items, parameters } = sameUrl(1);
		const options = { keepInputImage: true };
		const call = { ...AS_TOOL, executionId: '', items, parameters: { ...parameters, options } };
		const { out } = await edit(call);
		expect(out).toMatchObject([{ json: { imageUrl: expect.any(String) as string } }]);
		expect([out[0].binary, ledger.count('file')]).toEqual([undefined, 0]);
	});

	it('does not resend what is unknown or was stopped by content moderation', async () => {
		fails('submit', { type: 'resetBefore' });
		const unknown = await again(await edit(AS_TOOL));
		expect(unknown.error?.message).toMatch(/^Couldn’t confirm whether/);
		expect(submits()).toBe(1);
		await atlas();
		fails('submit', MODERATED, Infinity);
		const stopped = await again(await edit(AS_TOOL));
		expect(stopped.error?.message).toMatch(/^Content moderation/);
		expect(submits()).toBe(1);
	});
});
