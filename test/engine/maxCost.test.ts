import { retryManually } from './retries';
import {
	openSandbox,
	picture,
	runSeedream,
	sandbox,
	useNewSandboxes,
	type InputItem,
	type SeedreamOptions,
} from './seedream';

useNewSandboxes();
let items: InputItem[];
beforeAll(async () => {
	const data = await picture();
	items = Array.from({ length: 4 }, (_, i) => ({ json: { row: i }, files: { data } }));
});

const OPERATIONS = [
	{ resource: 'image', operation: 'edit' },
	{ resource: 'prediction', operation: 'submit' },
];
const EDIT = OPERATIONS[0];

async function run(maxCostUsd: unknown, options: SeedreamOptions = {}) {
	const { parameters, ...rest } = options;
	return await runSeedream({
		items,
		...rest,
		parameters: { ...EDIT, prompt: '={{ $json.row }}', ...parameters, options: { maxCostUsd } },
	});
}

const bought = () => [sandbox.ledger.charges.length, sandbox.ledger.uploads.length];
const CONTINUE = { onError: 'continueRegularOutput' } as const;

describe.each(OPERATIONS)('Max Cost per Run of $operation', (parameters) => {
	it('refuses a run that would cost more, before anything is uploaded or bought', async () => {
		const { error } = await run(0.1, { parameters });
		expect(error?.message).toBe("This run would cost up to $0.108, but 'Max Cost per Run' is $0.10");
		expect(error?.description).toContain('Nothing was submitted.');
		expect(bought()).toEqual([0, 0]);
	});

	it('lets a run pass that costs just as much, with one quote for all items', async () => {
		const { error, out } = await run(0.108, { parameters });
		expect(error).toBeUndefined();
		expect(out).toHaveLength(4);
		expect(sandbox.ledger.charges).toHaveLength(4);
		expect(sandbox.ledger.count('quote')).toBe(1);
	});
});

it('asks for no quote without a limit', async () => {
	expect((await runSeedream({ items })).error).toBeUndefined();
	expect(sandbox.ledger.count('quote')).toBe(0);
});

it.each([
	[0, '$0.00'],
	[-0.5, '-$0.50'],
	['={{ $json.row - $json.row }}', '$0.00'],
	['={{ 4.999 - 5 }}', '-$0.001'],
])('a limit of %s refuses all that costs', async (limit, amount) => {
	const { error } = await run(limit);
	expect(error?.message).toBe(`This run would cost up to $0.108, but 'Max Cost per Run' is ${amount}`);
	expect(bought()).toEqual([0, 0]);
});

it('counts what the account pays', async () => {
	sandbox.setOptions({ accountMarkup: 1.2 });
	expect((await run(0.108)).error?.message).toBe(
		"This run would cost up to $0.1296, but 'Max Cost per Run' is $0.108",
	);
	expect(bought()).toEqual([0, 0]);
});

it('refuses the whole run under Continue On Fail, too', async () => {
	const { error, json } = await run(0.1, { nodeExtras: CONTINUE });
	expect(error).toBeUndefined();
	expect(json).toHaveLength(4);
	for (const item of json) {
		expect(item).toMatchObject({ error: { message: expect.stringContaining('$0.108') as string } });
	}
	expect(bought()).toEqual([0, 0]);
});

it('does not count items that were refused', async () => {
	const rows = [...items, { json: { row: 4 } }];
	const { json } = await run(0.108, { items: rows, nodeExtras: CONTINUE });
	expect(json[4]).toHaveProperty('error');
	expect(sandbox.ledger.charges).toHaveLength(4);
});

it.each(['', 'ten', null, '={{ $json.limit }}', '={{ NaN }}'])(
	'a limit of %j is refused: it must not be taken for none',
	async (limit) => {
		const { error } = await run(limit);
		expect(error?.message).toMatch(/^'Max Cost per Run \(USD\)' (is empty|must be a number, but it is )/);
		expect(sandbox.ledger.requests).toEqual([]);
	},
);

it('counts nothing that an earlier attempt bought', async () => {
	// The download fails, so that n8n runs the node again; by then there is no quote to be had.
	sandbox.addFault({ endpoint: 'file', action: { type: 'status', status: 404 }, times: 4 });
	sandbox.addFault({ endpoint: 'quote', nth: 2, times: Infinity, action: { type: 'status', status: 401 } });
	const { error, out } = await run(0.108, {
		nodeExtras: { retryOnFail: true, maxTries: 2, waitBetweenTries: 1 },
	});
	expect(error).toBeUndefined();
	expect(out).toHaveLength(4);
	expect(sandbox.ledger.charges).toHaveLength(4);
	expect(sandbox.ledger.count('quote')).toBe(1);
});

const RETRY = { retryOnFail: true, maxTries: 5, waitBetweenTries: 1 };

it('counts what failed in earlier attempts: it may be billed', async () => {
	sandbox.setOptions({ chargeFailedTasks: true });
	sandbox.addFault({
		endpoint: 'submit',
		action: { type: 'failTask', shape: 'status200' },
		times: Infinity,
	});
	const { error } = await run(0.16, { nodeExtras: RETRY });
	expect(error?.message).toMatch(
		/^This run would cost up to \$0\.\d+ more than the \$0\.108 of earlier attempts, but 'Max Cost per Run' is \$0\.16/,
	);
	expect(sandbox.ledger.charges).toHaveLength(4);
});

it.each([{}, CONTINUE])('counts what earlier attempts bought, should the price rise: %j', async (onError) => {
	await openSandbox({
		onRequestOver: ({ endpoint, status }) => {
			if (endpoint === 'submit' && status === 400) sandbox.setOptions({ accountMarkup: 3 });
		},
	});
	// n8n runs a node that continues again only where its first item failed.
	const nth = onError === CONTINUE ? 1 : 3;
	sandbox.addFault({ endpoint: 'submit', nth, action: { type: 'status', status: 400 } });
	const { error, json } = await run(0.15, { nodeExtras: { ...RETRY, ...onError } });
	// What is paid for is handed over all the same.
	const [refused, ...others] = json.filter((item) => item.error);
	expect(json.length - others.length).toBe(onError === CONTINUE ? 4 : 0);
	const { message } = error ?? (refused?.error as Error);
	expect(message).toMatch(
		/^This run would cost up to \$0\.081 more than the \$0\.081 of earlier attempts, but 'Max Cost per Run' is \$0\.15/,
	);
	expect(sandbox.ledger.charges).toHaveLength(3);
});

it.each<[string, { history?: { delaySeconds: number } }]>([
	['had paid for', {}],
	['may have paid for', { history: { delaySeconds: 90 } }],
])('returns what the retried execution %s, though the rest would cost too much', async (_what, options) => {
	sandbox.setOptions(options);
	if (options.history) sandbox.addFault({ endpoint: 'submit', nth: 3, action: { type: 'resetAfter' } });
	sandbox.addFault({ endpoint: 'submit', nth: 4, action: { type: 'status', status: 400 } });
	const failed = await run(0.15);
	sandbox.setOptions({ accountMarkup: 3, history: {} });
	const parameters = { ...EDIT, prompt: '={{ $json.row }}', options: { maxCostUsd: 0.15 } };
	// A person has turned on Continue meanwhile.
	for (const { node } of failed.run.data.executionData?.nodeExecutionStack ?? [])
		Object.assign(node, CONTINUE);
	const retried = await retryManually(failed, { items, parameters });
	expect(retried.json).toHaveLength(4);
	expect(retried.json.filter(({ error }) => error)).toHaveLength(1);
	expect(sandbox.ledger.charges).toHaveLength(3);
});

describe('a quote that fails', () => {
	beforeEach(() =>
		sandbox.addFault({ endpoint: 'quote', action: { type: 'status', status: 500 }, times: Infinity }),
	);

	it('buys nothing of a model whose price is not known', async () => {
		const body = { code: 200, data: [{ model: 'vendor/unheard-of', type: 'Image' }] };
		sandbox.addFault({ endpoint: 'models', action: { type: 'status', status: 200, body } });
		const { error } = await run(1_000, { parameters: { model: 'vendor/unheard-of', size: '1024*1024' } });
		expect(error?.message).toMatch(
			/^Couldn’t check the limit: the cost of this run is unknown, and 'Max Cost per Run' is \$1000\.00\. The price of vendor\/unheard-of is unknown\. Couldn’t get a quote: /,
		);
		expect(error?.description).toContain('Nothing was submitted.');
		expect(bought()).toEqual([0, 0]);
	});
});

it('the list price of a model of the catalog does not count: the size may cost more', async () => {
	const parameters = { model: 'bytedance/seedream-v4.5/edit', size: '2048*2048' };
	sandbox.addFault({ endpoint: 'quote', action: { type: 'status', status: 503 }, times: Infinity });
	const { error } = await run(1, { parameters });
	expect(error?.message).toContain(
		'Atlas Cloud gave no quote for bytedance/seedream-v4.5/edit, and its list price, $0.036, is only the lowest',
	);
	expect(bought()).toEqual([0, 0]);
});
