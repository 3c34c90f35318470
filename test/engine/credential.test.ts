import { SsrfProtectionConfig } from '@n8n/config';
import { Container } from '@n8n/di';
import { injectDomainRestrictionFields } from 'n8n-workflow';
import { forgetLeftovers } from '../../nodes/AtlasCloud/api/purchases/leftovers';
import { AtlasCloudSeedreamApi } from '../../credentials/AtlasCloudSeedreamApi.credentials';
import { picture, runSeedream, sandbox, succeed, useOneSandbox, type InputItem } from './seedream';

// Over n8n's own helpers, axios, and sockets.
jest.mock('../../nodes/AtlasCloud/n8n/http', () => jest.requireActual('../../nodes/AtlasCloud/n8n/http'));

useOneSandbox();
let items: InputItem[];

beforeAll(async () => {
	const colors = ['red', 'green', 'blue', 'white', 'black', 'gray'];
	items = await Promise.all(colors.map(async (left) => ({ files: { data: await picture({ left }) } })));
});
afterEach(() => {
	Container.get(SsrfProtectionConfig).enabled = false;
});

/** Counts the reads of the credential, and fails those from the given one on. */
function credentialStore(firstFailing = Infinity) {
	const store = {
		reads: 0,
		onCredentialRead() {
			store.reads++;
			if (store.reads >= firstFailing) throw new Error('Connection terminated unexpectedly');
		},
	};
	return store;
}

it('is read once per run, whatever the number of requests', async () => {
	const before = sandbox.ledger.requests.length;
	const store = credentialStore();
	await succeed({ items, onCredentialRead: store.onCredentialRead });
	expect(sandbox.ledger.requests.length - before).toBeGreaterThan(3 * items.length);
	expect(store.reads).toBe(1);
});

it.each([{}, { onError: 'continueRegularOutput' } as const])(
	'that cannot be read on a later try hides nothing that the first try bought: %j',
	async (onError) => {
		forgetLeftovers();
		// n8n runs a node that continues again only where its first item failed.
		sandbox.addFault({ endpoint: 'submit', action: { type: 'failTask', shape: 'moderation' } });
		const known = new Set(sandbox.ledger.predictions.keys());
		const { onCredentialRead } = credentialStore(2);
		const { error, json } = await runSeedream({
			items: items.slice(0, 2),
			onCredentialRead,
			nodeExtras: { retryOnFail: true, maxTries: 2, waitBetweenTries: 1, ...onError },
		});
		const bought = [...sandbox.ledger.predictions.keys()].filter((id) => !known.has(id));
		expect(bought).toHaveLength(2);
		// n8n shows messages in the error's details.
		const told = error ? [error.message, error.description, error.messages] : json.map((item) => item.error);
		for (const text of ['Connection terminated unexpectedly', ...bought])
			expect(JSON.stringify(told)).toContain(text);
		if (error)
			expect([...(error.context?.otherPredictionIds as string[])].sort()).toEqual([...bought].sort());
	},
);

it('goes nowhere where n8n’s SSRF protection forbids the address: nothing was billed, in n8n’s own words', async () => {
	const before = sandbox.ledger.requests.length;
	const ssrfProtection = Container.get(SsrfProtectionConfig);
	ssrfProtection.enabled = true;
	const { error } = await runSeedream({
		items: [{}],
		parameters: {
			images: 'https://example.com/a.png',
			size: '1024*1024',
			options: { timeoutSeconds: 2 },
		},
	}).finally(() => (ssrfProtection.enabled = false));
	expect(error?.message).toContain('The request was blocked because it resolves to a restricted IP address');
	expect(error?.description).toContain('Nothing was billed for this item.');
	expect(sandbox.ledger.requests.length).toBe(before);
});

it('sends the key without the blanks and line ends that were pasted with it', async () => {
	const { error } = await runSeedream({ items, credentialData: { apiKey: ` ${sandbox.apiKey}\n` } });
	expect(error).toBeUndefined();
});

it('shows only the key and the Base URL, and opens only Atlas’s own host to the HTTP Request node', () => {
	const credential = new AtlasCloudSeedreamApi();
	const fields = injectDomainRestrictionFields(credential);
	expect(fields.filter(({ type }) => type !== 'hidden').map(({ name }) => name)).toEqual([
		'apiKey',
		'baseUrl',
	]);
	const defaultOf = (wanted: string) => fields.find(({ name }) => name === wanted)?.default;
	expect(defaultOf('allowedHttpRequestDomains')).toBe('domains');
	expect(defaultOf('allowedDomains')).toBe('api.atlascloud.ai');
});
