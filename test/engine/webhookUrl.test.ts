import type { IDataObject } from 'n8n-workflow';
import { retryManually } from './retries';
import { runSeedream, submittedBodies, type SeedreamOptions } from './seedream';
import {
	atlas,
	edit,
	expectBilledOnce,
	fails,
	idsIn,
	ledger,
	sandbox,
	submits,
	useSandbox,
} from './money/account';

useSandbox();
beforeEach(async () => await atlas({ webhooks: { allowLoopback: true, redeliverAfterSeconds: [] } }));

/** Nobody listens there: what matters is the submit. */
const OTHER_URL = 'http://127.0.0.1:9/webhook/other/webhook';
const PRODUCTION_URL = 'http://127.0.0.1:9/webhook/a/webhook';

const calling = (webhookUrl: string, options: IDataObject = {}): Partial<SeedreamOptions> => ({
	parameters: { options: { webhookUrl, ...options } },
});

it.each(['image/edit', 'prediction/submit'])('is sent with the submit of %s', async (name) => {
	const [resource, operation] = name.split('/');
	const options = { webhookUrl: PRODUCTION_URL };
	const { error } = await runSeedream({ parameters: { resource, operation, options } });
	expect(error).toBeUndefined();
	expect(submittedBodies(sandbox)[0]).toMatchObject({ webhook_url: PRODUCTION_URL });
});

it('is left out of the body if it is empty', async () => {
	await edit(calling(''));
	expect(submittedBodies(sandbox)[0]).not.toHaveProperty('webhook_url');
});

it('is checked for all items before anything is sent', async () => {
	const { error } = await edit(calling('http://n8n.example.com/webhook/a'));
	expect(error?.message).toMatch(/^'Webhook URL' is not an https address/);
	expect(ledger.requests).toEqual([]);
});

it('is checked in Extra Body Fields, too', async () => {
	const { error } = await edit({
		parameters: { options: { extraBodyFields: { webhook_url: 'https://10.0.0.1/a' } } },
	});
	expect(error?.message).toMatch(/^'Webhook URL' points to a private network/);
	expect(ledger.requests).toEqual([]);
});

it('does not keep a lost answer from being found in the history', async () => {
	fails('submit', { type: 'resetAfter' });
	expectBilledOnce(await edit(calling(PRODUCTION_URL)));
});

it('is not called for a result that is reused, and the hint says so', async () => {
	await edit();
	const options = { webhookUrl: PRODUCTION_URL, reuseHours: 24 };
	const parameters = { resource: 'prediction', operation: 'submit', options };
	const { hint } = await runSeedream({ parameters, executionId: '2' });
	expect(submits()).toBe(1);
	expect(hint).toContain("only calls the 'Webhook URL' of their first submit");
});

describe('a manual retry with another webhook URL', () => {
	const changed = { options: { webhookUrl: PRODUCTION_URL } };

	it('resumes what was bought', async () => {
		fails('file', { type: 'resetBefore' }, 4);
		const failed = await edit(calling(OTHER_URL));
		expect(failed.error).toBeDefined();
		expectBilledOnce(await retryManually(failed, {}, changed));
	});

	it('recognizes what was bought before a crash of n8n', async () => {
		const lost = await edit(calling(OTHER_URL));
		const result = await edit({ ...calling(PRODUCTION_URL), mode: 'retry', executionId: '2' });
		expect(idsIn(result)).toEqual(idsIn(lost));
		expect(submits()).toBe(1);
	});
});
