import type {
	IDataObject,
	IExecuteFunctions,
	INode,
	INodeExecutionData,
	IRunExecutionData,
} from 'n8n-workflow';
import type { ServerResponse } from 'node:http';
import { request } from 'undici';
import { SeedreamEdit } from '../../nodes/AtlasCloud/SeedreamEdit/SeedreamEdit.node';
import type { SandboxOptions, SandboxPrediction, SignedWebhook } from '../../sandbox';
import {
	chargedIds,
	CONTINUE,
	DOWNLOAD_ATTEMPTS,
	edit,
	errorOf,
	fails,
	idsIn,
	ledger,
	RETRY_3,
	sandbox,
	atlas,
	submits,
	submitSeconds,
	useSandbox,
} from './money/account';
import { models, parametersOf } from './models';
import { retryManually } from './retries';
import {
	picture,
	pictureOf,
	predictionOf,
	runSeedream,
	sha256,
	type InputItem,
	type SeedreamOptions,
} from './seedream';
import { SleepHost } from './sleepHost';
import { virtualTime } from './virtualTime';

jest.mock('../../nodes/AtlasCloud/shared/transport/n8nClock', () => jest.requireActual('./virtualTime'));
jest.mock('../../nodes/AtlasCloud/shared/transport/n8nHttp', () => jest.requireActual('./virtualTime'));

useSandbox();

const CALLS: SandboxOptions = {
	predictSeconds: 5,
	preparedPictures: false,
	webhooks: { allowLoopback: true, redeliverAfterSeconds: [1, 5, 30] },
};

let host: SleepHost;
let photos: Buffer[];
let items: InputItem[];
beforeAll(async () => {
	const colors = ['#102030', '#405060', '#708090', '#a0b0c0', '#d0e0f0'];
	photos = await Promise.all(colors.map(async (left) => await picture({ left })));
	items = photos.map((bytes, row) => ({ json: { row }, files: { data: bytes } }));
});
beforeEach(async () => await atlas(CALLS));
afterEach(async () => await host?.close());

/** Runs the node until it sleeps or ends. */
async function start(options: Partial<SeedreamOptions> = {}, more: IDataObject = {}): Promise<SleepHost> {
	const parameters = { ...options.parameters, options: { waitBy: 'webhook', ...more } };
	host = await new SleepHost({ sandbox, items, ...options, parameters }).listen();
	await host.run();
	return host;
}

/** As {@link start}, with Atlas calling in vain: the test makes the calls itself. */
async function startUncalled(
	options: Partial<SeedreamOptions> = {},
	more: IDataObject = {},
): Promise<unknown[]> {
	sandbox.setOptions({ webhooks: { allowLoopback: true, redeliverAfterSeconds: [] } });
	const parameters = { ...options.parameters, options: { waitBy: 'webhook', ...more } };
	host = await new SleepHost({ sandbox, items, ...options, parameters }).listen();
	host.isDeaf = true;
	await host.run();
	await until(() => ledger.webhooks.length === idsIn(host.last).length);
	host.isDeaf = false;
	host.statuses.length = 0;
	return idsIn(host.last);
}

/** Bounded: a sleep that nothing ends must not hang the tests. */
async function until(holds: () => boolean): Promise<void> {
	for (let left = 2_000; left > 0; left--) {
		if (holds()) return;
		await virtualTime.sleepMs(50);
	}
	throw new Error(`Still ${host.status}; answers: ${host.statuses.join(', ')}`);
}

const isOver = async () => await until(() => host.status === 'over');

const signed = (predictionId: unknown) =>
	sandbox.signWebhook(JSON.stringify({ session_id: predictionId, status: 'OK' }));

/** Calls by hand. @returns the answer's status */
async function call({ body, headers }: SignedWebhook, path = '/atlas-cloud'): Promise<number> {
	const answer = await request(`${host.resumeUrl}${path}`, { method: 'POST', body, headers });
	await answer.body.dump();
	return answer.statusCode;
}

/** That every row has its own image, and nothing was bought twice. */
async function expectAllEdited(): Promise<void> {
	const { error, out } = host.last;
	expect(error).toBeUndefined();
	expect(out.map(({ json }) => json.status)).toEqual(photos.map(() => 'completed'));
	for (const [row, item] of out.entries()) {
		const prediction = predictionOf(sandbox, item.json);
		expect(sha256(await pictureOf(item))).toBe(prediction.outputSha256[0]);
		expect(await uploadedBytes(prediction)).toBe(sha256(photos[row]));
		expect(item.pairedItem).toEqual({ item: row });
	}
	expect(submits()).toBe(photos.length);
}

/** The hash of the input of an edit. */
async function uploadedBytes({ body }: SandboxPrediction): Promise<string> {
	const [url] = (body as { images: string[] }).images;
	return sha256(Buffer.from(await (await request(url)).body.arrayBuffer()));
}

/** One per row, without a file. */
function expectPlaceholders(out: INodeExecutionData[], count = photos.length): void {
	expect(out.map(({ json, binary }) => [json.status, typeof json.predictionId, binary])).toEqual(
		Array.from({ length: count }, () => ['processing', 'string', undefined]),
	);
}

describe('a batch', () => {
	it('sleeps until the last of its predictions is over, and goes on once', async () => {
		const { runs } = await start();
		expect(host.status).toBe('waiting');
		expect(runs[0].json).toEqual(
			runs[0].json.map(() => expect.objectContaining({ status: 'processing', priceUsd: null }) as unknown),
		);
		expect(idsIn(runs[0]).sort()).toEqual(chargedIds().sort());
		await isOver();
		await expectAllEdited();
		expect(runs).toHaveLength(2);
		expect(ledger.webhooks.map(({ status }) => status)).toEqual(photos.map(() => 200));
	});

	it('asks the API a few times per prediction, however many there are', async () => {
		const many = Array.from({ length: 40 }, (_, row): InputItem => ({
			json: { row },
			files: { data: photos[0] },
		}));
		await start({ items: many }, { concurrency: 40 });
		await isOver();
		expect(idsIn(host.last)).toHaveLength(40);
		expect(ledger.count('prediction')).toBeLessThanOrEqual(3 * 40);
	});

	it('goes on once if several calls come at the same moment', async () => {
		const ids = await startUncalled();
		const statuses = await Promise.all(ids.map(async (id) => await call(signed(id))));
		await isOver();
		expect(statuses).toEqual(ids.map(() => 200));
		expect(host.runs).toHaveLength(2);
		await expectAllEdited();
	});

	it('goes on with a call that came before it slept, and comes again', async () => {
		sandbox.setOptions({ predictSeconds: 1 });
		host = await new SleepHost({ sandbox, items, parameters: { options: { waitBy: 'webhook' } } }).listen();
		host.isDeaf = true;
		await host.run();
		await until(() => host.statuses.length === photos.length);
		expect(host.statuses).toEqual(photos.map(() => 409));
		host.isDeaf = false;
		await isOver();
		await expectAllEdited();
	});

	it('keeps several images of an item with it', async () => {
		const model = 'bytedance/seedream-v4/edit-sequential';
		await start({ parameters: { model } }, { maxImages: 2 });
		await isOver();
		const { out } = host.last;
		expect(out.length).toBeGreaterThan(photos.length);
		for (const { json, pairedItem } of out) {
			const { item } = pairedItem as { item: number };
			expect(await uploadedBytes(predictionOf(sandbox, json))).toBe(sha256(photos[item]));
		}
	});

	it('keeps input fields, and returns URLs only, if the options say so', async () => {
		await start({ parameters: { downloadImages: false } }, { includeInputFields: true });
		await isOver();
		expect(host.last.out.map(({ json, binary }) => [json.row, json.status, binary])).toEqual(
			photos.map((_photo, row) => [row, 'completed', undefined]),
		);
	});

	it('reads expressions from the input, after the sleep as before', async () => {
		await start({}, { concurrency: '={{ $json.row + 1 }}' });
		await isOver();
		await expectAllEdited();
	});

	it('is one item with Execute Once', async () => {
		await start({ nodeExtras: { executeOnce: true } });
		const { executionData } = JSON.parse(host.stored) as IRunExecutionData;
		expectPlaceholders(executionData?.nodeExecutionStack[0].data.main[0] ?? [], 1);
		await isOver();
		expect(host.last.out).toHaveLength(1);
		expect(submits()).toBe(1);
	});
});

describe('sleeps on after', () => {
	it.each<[string, number, (id: unknown) => SignedWebhook]>([
		['a forged call', 401, (id) => ({ ...signed(id), body: `${signed(id).body} ` })],
		['an unsigned call', 401, (id) => ({ ...signed(id), headers: {} })],
		[
			'a recorded call',
			401,
			(id) => sandbox.signWebhook(signed(id).body, { timestampSeconds: 1_700_000_000 }),
		],
		['a call about another prediction', 200, () => signed('0'.repeat(32))],
		['a call that names none', 200, () => sandbox.signWebhook('{}')],
	])('%s', async (_what, status, make) => {
		const [id] = await startUncalled();
		expect(await call(make(id))).toBe(status);
		expect(host.status).toBe('waiting');
		expect(await call(signed(id))).toBe(200);
		await isOver();
		await expectAllEdited();
	});

	it('a call at the address of other nodes that wait, as they do after one at its own', async () => {
		const [id] = await startUncalled();
		const told = [...ledger.predictions.values()].map(({ body }) => (body as IDataObject).webhook_url);
		for (const url of told) expect(new URL(String(url)).pathname).toBe('/webhook-waiting/1/atlas-cloud');
		expect(await call(signed(id), '')).toBe(404);
		expect(host.status).toBe('waiting');
		expect(await call(signed(id))).toBe(200);
		await isOver();
		await expectAllEdited();
	});

	it('a call for one of many', async () => {
		sandbox.setOptions({ jitter: 0.8 });
		await start();
		await until(() => host.statuses.length > 0);
		expect(host.statuses).toEqual([200]);
		expect(host.status).toBe('waiting');
		await isOver();
		await expectAllEdited();
	});

	it('a call about a prediction that is still running for the API', async () => {
		sandbox.setOptions({ predictSeconds: 30 });
		await start();
		expect(await call(signed(idsIn(host.last)[0]))).toBe(503);
		expect(host.status).toBe('waiting');
		await isOver();
		await expectAllEdited();
	});

	it('a call after which n8n cannot resume the execution, and comes again', async () => {
		const [id] = await startUncalled();
		host.resumeFailures = 1;
		expect(await call(signed(id))).toBe(500);
		expect(host.status).toBe('waiting');
		expect(await call(signed(id))).toBe(200);
		await isOver();
		await expectAllEdited();
	});

	it.each([
		['before it is answered', (response: ServerResponse) => response.destroy()],
		[
			'as it is answered',
			(response: ServerResponse) => {
				response.end = () => response.destroy();
			},
		],
	])('a call whose caller hangs up %s, and comes again', async (_when, hangUp) => {
		const [id] = await startUncalled();
		host.resumeFailures = 1;
		host.onContext = (context) => void hangUp(context.getResponseObject());
		await expect(call(signed(id))).rejects.toThrow();
		host.onContext = () => {};
		for (let left = 3; left > 0 && host.status === 'waiting'; left--) await call(signed(id));
		await isOver();
		await expectAllEdited();
	});

	it('a call while the API is down, which comes again', async () => {
		const [id] = await startUncalled();
		fails('prediction', { type: 'status', status: 503 }, 6);
		expect(await call(signed(id))).toBe(503);
		expect(host.status).toBe('waiting');
		expect(await call(signed(id))).toBe(200);
		await isOver();
		await expectAllEdited();
	});
});

describe('a prediction that fails', () => {
	beforeEach(() =>
		sandbox.addFault({ endpoint: 'submit', nth: 2, action: { type: 'failTask', shape: 'status200' } }),
	);

	it('stops the workflow, and the error names what the others bought', async () => {
		await start();
		await isOver();
		const { error } = host.last;
		const failed = [...ledger.predictions.values()].find(({ status }) => status === 'failed');
		expect(error?.message).toContain(failed?.id);
		for (const id of chargedIds()) expect(`${error?.message} ${error?.description}`).toContain(id);
	});

	it('is bought again by a retry, and the others are not', async () => {
		await start();
		await isOver();
		const changes = { options: { waitBy: 'polling' } };
		const retried = await retryManually(host.last, { sandbox, items }, changes);
		expect(retried.error).toBeUndefined();
		expect(retried.json.map(({ status }) => status)).toEqual(photos.map(() => 'completed'));
		expect(submits()).toBe(photos.length + 1);
		for (const [row, item] of retried.out.entries()) {
			expect(await uploadedBytes(predictionOf(sandbox, item.json))).toBe(sha256(photos[row]));
		}
	});

	it.each([
		['continueRegularOutput', 0],
		['continueErrorOutput', 1],
	] as const)('is an item that says why, with On Error: %s', async (onError, output) => {
		await start({ nodeExtras: { onError }, downstream: ['Done', 'Failed'] });
		await isOver();
		expect(host.last.error).toBeUndefined();
		const failed = host.last.items[output].filter(({ json }) => json.error);
		expect(failed).toHaveLength(1);
		expect(host.last.items[0].filter(({ json }) => !json.error)).toHaveLength(photos.length - 1);
		expect(errorOf(failed[0].json)?.predictionId).toBeTruthy();
		expect(submits()).toBe(photos.length);
	});
});

it('an item that is refused is not submitted again after the sleep', async () => {
	fails('submit', { type: 'status', status: 400 }, 1, 2);
	await start({ nodeExtras: CONTINUE });
	expect(host.status).toBe('waiting');
	expect(host.last.json).toHaveLength(photos.length - 1);
	await isOver();
	expect(submits()).toBe(photos.length);
	const { json } = host.last;
	expect(json.map(({ status }) => status ?? 'error').sort()).toEqual([
		...photos.slice(1).map(() => 'completed'),
		'error',
	]);
});

it('a submit whose answer is lost is found, and waited for by polling', async () => {
	fails('submit', { type: 'resetAfter' }, 1, 2);
	await start();
	await isOver();
	await expectAllEdited();
});

it('does not sleep if all predictions, and Atlas’s calls, are over by then', async () => {
	fails('submit', { type: 'resetBefore' }, 1, 5);
	await start({ nodeExtras: CONTINUE });
	expect(host.status).toBe('over');
	expect(host.statuses).toEqual(Array.from({ length: 4 * 4 }, () => 409));
	expect(host.last.json.map(({ status }) => status ?? 'error').sort()).toEqual([
		...photos.slice(1).map(() => 'completed'),
		'error',
	]);
	for (const { json, pairedItem } of host.last.out.filter(({ binary }) => binary)) {
		const { item } = pairedItem as { item: number };
		expect(await uploadedBytes(predictionOf(sandbox, json))).toBe(sha256(photos[item]));
	}
	expect(submits()).toBe(photos.length);
});

it('a download that fails after the sleep is made good by a retry, which buys nothing', async () => {
	await start();
	fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS * photos.length);
	await isOver();
	expect(host.last.error?.context).toMatchObject({ status: 'completed' });
	sandbox.clearFaults();
	const options = { waitBy: 'webhook' };
	const retried = await retryManually(host.last, { sandbox, items, parameters: { options } });
	expect(retried.run.waitTill).toBeUndefined();
	expect(retried.json.map(({ status }) => status)).toEqual(photos.map(() => 'completed'));
	expect(submits()).toBe(photos.length);
});

it('Retry On Fail after the sleep buys nothing again', async () => {
	await start({ nodeExtras: RETRY_3 });
	fails('file', { type: 'resetBefore' }, DOWNLOAD_ATTEMPTS * photos.length);
	await isOver();
	await expectAllEdited();
});

describe.each([
	['an error', {}],
	['an item that says why', CONTINUE],
])('Retry On Fail, with a failure as %s,', (_how, nodeExtras) => {
	const alwaysFails = (times: number) =>
		sandbox.addFault({ endpoint: 'submit', nth: 1, times, action: { type: 'failTask', shape: 'status200' } });

	it('buys no more often than Max. Tries says, and sleeps once', async () => {
		alwaysFails(30);
		await start({ items: items.slice(0, 1), nodeExtras: { ...RETRY_3, ...nodeExtras } });
		await isOver();
		expect(submits()).toBe(3);
		expect(host.runs).toHaveLength(2);
	});

	it('polls what it buys after the sleep', async () => {
		alwaysFails(1);
		await start({ items: items.slice(0, 1), nodeExtras: { ...RETRY_3, ...nodeExtras } });
		await isOver();
		expect(host.last.json.map(({ status }) => status)).toEqual(['completed']);
		expect(submits()).toBe(2);
		const urls = [...ledger.predictions.values()].map(({ body }) => (body as IDataObject).webhook_url);
		expect(urls).toEqual([expect.any(String), undefined]);
	});
});

describe('what was bought before', () => {
	it('keeps nothing asleep if it is all', async () => {
		await runSeedream({ sandbox, items });
		await start({}, { reuseHours: 1 });
		expect(host.status).toBe('over');
		await expectAllEdited();
	});

	it('hinders no submit while it is waited for', async () => {
		sandbox.setOptions({ predictSeconds: 60 });
		await runSeedream({
			sandbox,
			items: items.slice(0, 1),
			parameters: { resource: 'prediction', operation: 'submit' },
		});
		await start({}, { reuseHours: 1, concurrency: 1 });
		expect(submits()).toBe(photos.length);
		expect(Math.max(...submitSeconds())).toBeLessThan(30);
		await isOver();
		await expectAllEdited();
	});

	it('is returned with the rest', async () => {
		await runSeedream({ sandbox, items: items.slice(0, 3) });
		sandbox.setOptions({ predictSeconds: 60 });
		await start({}, { reuseHours: 1 });
		expect(host.status).toBe('waiting');
		expect(host.last.json).toHaveLength(2);
		await isOver();
		await expectAllEdited();
	});
});

describe('if anything but Atlas’s call ends the sleep', () => {
	it('n8n hands on prediction IDs without files, never the input', async () => {
		const ids = await startUncalled();
		const { error, out } = await host.runOn();
		expect(error).toBeUndefined();
		expectPlaceholders(out);
		expect(idsIn(host.last)).toEqual(ids);
	});

	it('so it does for items that were done or had failed', async () => {
		await runSeedream({ sandbox, items: items.slice(0, 2) });
		sandbox.setOptions({ predictSeconds: 60 });
		fails('submit', { type: 'status', status: 400 });
		await startUncalled({ nodeExtras: CONTINUE }, { reuseHours: 1 });
		const { out } = await host.runOn();
		expect(out).toHaveLength(photos.length);
		expect(out.map(({ json }) => json.status ?? 'error').sort()).toEqual([
			'completed',
			'completed',
			'error',
			'processing',
			'processing',
		]);
	});

	it('so it does if n8n does not run the node again', async () => {
		const [id] = await startUncalled();
		host.onContext = (context) => Object.assign(context, { executeData: undefined });
		expect(await call(signed(id))).toBe(200);
		await isOver();
		expectPlaceholders(host.last.out);
	});
});

it('Atlas Cloud Models sleeps as well', async () => {
	const parameters = parametersOf({
		resource: 'video',
		model: 'bytedance/seedance-v1.5-pro/text-to-video',
		inputs: { prompt: 'a storm' },
		downloadFiles: true,
	});
	await start({ ...models, parameters, items: [{}, {}] });
	expect(host.status).toBe('waiting');
	await isOver();
	expect(host.last.error).toBeUndefined();
	expect(host.last.json.map(({ status, fileCount }) => [status, fileCount])).toEqual([
		['completed', 1],
		['completed', 1],
	]);
	expect(submits()).toBe(2);
});

/** The node in a workflow with a Chat Trigger that answers by response nodes. */
const chatting = Object.assign(new SeedreamEdit(), {
	async execute(this: IExecuteFunctions) {
		const chatTrigger = { parameters: { options: { responseMode: 'responseNodes' } } } as Partial<INode>;
		Object.assign(this, { getChatTrigger: () => chatTrigger });
		return await new SeedreamEdit().execute.call(this);
	},
});

describe('is refused, before anything is sent,', () => {
	const cases: Array<[string, Partial<SeedreamOptions>, IDataObject, RegExp]> = [
		['in a sub-workflow', { mode: 'integrated' }, {}, /Wait By: Webhook doesn’t work in a sub-workflow/],
		['in an evaluation', { mode: 'evaluation' }, {}, /doesn’t work in an evaluation/],
		['on the command line', { mode: 'cli' }, {}, /doesn’t work on the command line/],
		['as an AI tool', { type: 'n8n-nodes-seedream.seedreamEditTool' }, {}, /doesn’t work as an AI tool/],
		[
			'where the next chat message would resume the execution',
			{ node: chatting, parameters: { prompt: 'mirror it' } },
			{},
			/doesn’t work with a Chat Trigger that uses response nodes/,
		],
		['with a Webhook URL', {}, { webhookUrl: 'http://127.0.0.1:9/a' }, /can’t be combined with Webhook URL/],
		['for another word', {}, { waitBy: 'letter' }, /"letter" is not a way to wait/],
		[
			'if n8n is in a private network',
			{ webhookWaitingBaseUrl: 'https://10.0.0.1/webhook-waiting' },
			{},
			/can’t call this n8n: its webhook address points to a private network/,
		],
		[
			'if n8n has no https address',
			{ webhookWaitingBaseUrl: 'http://n8n.example.com/webhook-waiting' },
			{},
			/its webhook address is not an https address/,
		],
		[
			'if n8n is this machine, and Atlas is not',
			{ credentialData: { baseUrl: 'https://api.example.com' } },
			{},
			/its webhook address points to this machine/,
		],
	];
	it.each(cases)('%s', async (_what, options, more, message) => {
		const { error } = await edit({
			...options,
			parameters: { ...options.parameters, options: { waitBy: 'webhook', ...more } },
		});
		expect(error?.message).toMatch(message);
		expect(ledger.requests).toEqual([]);
	});
});
