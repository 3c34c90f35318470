import type { IDataObject } from 'n8n-workflow';
import { request } from 'undici';
import type { FailedTaskShape, Sandbox, SandboxOptions, SignedWebhook } from '../../sandbox';
import { BINARY_MODES, fastSandbox, pictureOf, predictionOf, runSeedream, sha256, V4 } from './seedream';
import { hostTrigger, type TriggerHost, type TriggerOptions } from './triggerHost';
import { virtualTime } from './virtualTime';

const WEBHOOKS: SandboxOptions = { webhooks: { allowLoopback: true, redeliverAfterSeconds: [1, 5, 30] } };

let sandbox: Sandbox;
let host: TriggerHost;
beforeEach(async () => {
	sandbox = await fastSandbox(WEBHOOKS);
	host = await hostTrigger({ sandbox });
});
afterEach(async () => {
	host.close();
	await sandbox.close();
});

/** Serves the trigger of the test anew with these options. */
async function rehost(options: Partial<TriggerOptions>): Promise<void> {
	host.close();
	host = await hostTrigger({ sandbox, ...options });
}

/** Submits an edit that calls the trigger, and returns its ID. */
async function submit(options: IDataObject = {}): Promise<string> {
	const { json, error } = await runSeedream({
		sandbox,
		parameters: {
			resource: 'prediction',
			operation: 'submit',
			options: { webhookUrl: host.url, ...options },
		},
	});
	expect(error).toBeUndefined();
	return String(json[0]?.predictionId);
}

/** A prediction that ended, and called nobody. */
async function ended(): Promise<string> {
	const { json } = await runSeedream({ sandbox, nodeExtras: { onError: 'continueRegularOutput' } });
	const failed = json[0]?.error as IDataObject | undefined;
	return String(json[0]?.predictionId ?? failed?.predictionId);
}

async function until(holds: () => boolean): Promise<void> {
	while (!holds()) await virtualTime.sleepMs(50);
}

const delivered = async (count: number) => await until(() => host.statuses.length >= count);

const bodyOf = (predictionId: string) =>
	JSON.stringify({ session_id: predictionId, event_type: 'image.task.terminal', status: 'OK' });

/** The signed call for a prediction that ended. */
const signedEnd = async () => sandbox.signWebhook(bodyOf(await ended()));

/** Delivers by hand. @returns the answer's status */
async function deliver({ body, headers }: SignedWebhook): Promise<number> {
	const answer = await request(host.url, { method: 'POST', body, headers });
	await answer.body.dump();
	return answer.statusCode;
}

/** Delivers to a new trigger, and closes the connection once n8n goes on to start the execution. */
async function deliverAndHangUp(
	{ body, headers }: SignedWebhook,
	options: Partial<TriggerOptions> = {},
): Promise<void> {
	const sender = new AbortController();
	const { beforeStart } = options;
	let hasHungUp = false;
	await rehost({
		...options,
		beforeStart: async (response) => {
			if (!hasHungUp) {
				hasHungUp = true;
				sender.abort();
				await new Promise((resolve) => response.once('close', resolve));
			}
			await beforeStart?.(response);
		},
	});
	const delivery = request(host.url, { method: 'POST', body, headers, signal: sender.signal });
	await expect(delivery).rejects.toThrow('aborted');
}

describe.each(BINARY_MODES)('a delivery of Atlas Cloud, files kept in mode %s', (binaryMode) => {
	it('starts one execution with the image', async () => {
		await rehost({ binaryMode });
		const predictionId = await submit();
		await delivered(1);
		expect(host.statuses).toEqual([200]);
		expect(host.executions).toHaveLength(1);
		const [item] = host.executions[0];
		const prediction = predictionOf(sandbox, { predictionId });
		expect(item.json).toEqual({
			predictionId,
			status: 'completed',
			rawStatus: 'completed',
			model: V4,
			prompt: item.json.prompt,
			fileUrl: prediction.outputs[0],
			fileIndex: 0,
			fileCount: 1,
			text: null,
			predictTimeSeconds: expect.any(Number) as number,
			priceUsd: item.json.priceUsd,
			nsfw: false,
			failureReason: null,
			createdAt: expect.stringMatching(/^\d{4}-/) as string,
			completedAt: expect.stringMatching(/^\d{4}-/) as string,
			raw: expect.anything() as object,
		});
		expect(sha256(await pictureOf(item))).toBe(prediction.outputSha256[0]);
		expect(item.binary?.data.fileName).toMatch(new RegExp(`^atlas-cloud-${predictionId}\\.(png|jpg)$`));
	});
});

it.each<FailedTaskShape>(['http500', 'nsfw'])(
	'starts one execution for a prediction that failed (%s): an item, not an error',
	async (shape) => {
		sandbox.addFault({ endpoint: 'submit', action: { type: 'failTask', shape } });
		const predictionId = await submit();
		await delivered(1);
		expect(host.statuses).toEqual([200]);
		const [item] = host.executions[0];
		expect(item.json).toMatchObject({ predictionId, status: 'failed', fileUrl: null, fileCount: 0 });
		expect(item.json.failureReason).toEqual(expect.any(String));
		expect(item.json).not.toHaveProperty('error');
		expect(item).not.toHaveProperty('binary');
	},
);

it.each([
	['completed', 'failed'],
	['failed', 'completed'],
])(
	'starts nothing for a prediction that %s when only "%s" is selected, and answers 200',
	async (...events) => {
		const [status, selected] = events;
		await rehost({ parameters: { events: [selected] } });
		if (status === 'failed') {
			sandbox.addFault({ endpoint: 'submit', action: { type: 'failTask', shape: 'status200' } });
		}
		await submit();
		await delivered(1);
		expect(host.statuses).toEqual([200]);
		expect(host.executions).toEqual([]);
	},
);

describe('is refused with 401, and nothing starts or is asked of the API:', () => {
	const refused: Array<[string, (signed: SignedWebhook) => SignedWebhook]> = [
		['a request without a signature', ({ body }) => ({ body, headers: {} })],
		['a changed body', ({ body, headers }) => ({ body: `${body} `, headers })],
	];
	it.each(refused)('%s', async (_name, change) => {
		const signed = await signedEnd();
		const reads = sandbox.ledger.count('prediction');
		expect(await deliver(change(signed))).toBe(401);
		expect(host.executions).toEqual([]);
		expect(host.failures).toEqual([]);
		expect(sandbox.ledger.count('prediction')).toBe(reads);
	});
});

it('reads the state from the API, not from the body', async () => {
	const predictionId = await ended();
	const body = JSON.stringify({
		session_id: predictionId,
		status: 'ERROR',
		payload: { id: predictionId, status: 'failed', outputs: ['https://evil.example.com/x.png'] },
	});
	expect(await deliver(sandbox.signWebhook(body))).toBe(200);
	expect(host.executions[0][0].json).toMatchObject({
		status: 'completed',
		fileUrl: predictionOf(sandbox, { predictionId }).outputs[0],
	});
});

it.each([-600, 600])('is taken where this machine’s clock is %d s off', async (clockSkewSeconds) => {
	sandbox.setOptions({ clockSkewSeconds });
	const signed = await signedEnd();
	// Keys that were read before have told of another clock.
	await virtualTime.sleepMs(60_000);
	expect(await deliver(signed)).toBe(200);
	expect(host.executions).toHaveLength(1);
});

it('answers 200 to an event that names no prediction, and starts nothing', async () => {
	expect(await deliver(sandbox.signWebhook('{"event_type":"ping"}'))).toBe(200);
	expect(host.executions).toEqual([]);
});

it.each([
	[{ outputDataFieldName: 'edited' }, ['edited']],
	[{ downloadFiles: false }, []],
])('puts the file where %j says', async (parameters, fields) => {
	await rehost({ parameters });
	expect(await deliver(await signedEnd())).toBe(200);
	expect(Object.keys(host.executions[0][0].binary ?? {})).toEqual(fields);
	expect(host.executions[0][0].json.fileUrl).toEqual(expect.any(String));
});

describe('a delivery that comes twice', () => {
	it('starts one execution if the second comes to another process of n8n', async () => {
		const signed = await signedEnd();
		expect(await deliver(await signedEnd())).toBe(200);
		const first = host;
		host = await hostTrigger({ sandbox, staticData: first.staticData });
		expect(await deliver(signed)).toBe(200);
		expect(host.executions).toHaveLength(1);
		first.staticData = host.staticData;
		host.close();
		host = first;
		expect(await deliver(signed)).toBe(200);
		expect(host.executions).toHaveLength(1);
	});

	describe('and whose first sender hangs up before n8n answers', () => {
		it('starts one execution', async () => {
			const signed = await signedEnd();
			await deliverAndHangUp(signed);
			expect(await deliver(signed)).toBe(200);
			expect(host.executions).toHaveLength(1);
		});

		it('counts again if n8n could not start the execution', async () => {
			const signed = await signedEnd();
			await deliverAndHangUp(signed, { startFailures: 1 });
			expect(await deliver(signed)).toBe(503);
			expect(await deliver(signed)).toBe(200);
			expect(host.executions).toHaveLength(1);
		});

		it('starts one execution, however long that one has to wait its turn', async () => {
			const signed = await signedEnd();
			await deliverAndHangUp(signed, { beforeStart: async () => await virtualTime.sleepMs(200_000) });
			expect(await deliver(signed)).toBe(200);
			await until(() => host.executions.length > 0);
			expect(await deliver(signed)).toBe(200);
			expect(host.executions).toHaveLength(1);
		});

		it('starts one execution if that was while the prediction was read', async () => {
			const signed = await signedEnd();
			const sender = new AbortController();
			sandbox.addFault({ endpoint: 'prediction', action: { type: 'delay', seconds: 30 } });
			const delivery = request(host.url, { method: 'POST', ...signed, signal: sender.signal });
			const reads = sandbox.ledger.count('prediction');
			await until(() => sandbox.ledger.count('prediction') > reads);
			sender.abort();
			await expect(delivery).rejects.toThrow('aborted');
			expect(await deliver(signed)).toBe(200);
			expect(host.executions).toHaveLength(1);
		});
	});
});

describe('if the API is down', () => {
	it('is answered 503 while the keys cannot be read', async () => {
		sandbox.addFault({ endpoint: 'webhookKeys', times: Infinity, action: { type: 'status', status: 503 } });
		const predictionId = await ended();
		expect(await deliver(sandbox.signWebhook(bodyOf(predictionId)))).toBe(503);
		sandbox.clearFaults();
		await virtualTime.sleepMs(60_000);
		expect(await deliver(sandbox.signWebhook(bodyOf(predictionId)))).toBe(200);
		expect(host.executions).toHaveLength(1);
	});

	it('lets Atlas Cloud deliver again until the execution is started', async () => {
		sandbox.setOptions({ predictSeconds: 1 });
		sandbox.addFault({ endpoint: 'prediction', times: 6, action: { type: 'status', status: 503 } });
		const predictionId = await submit();
		await delivered(2);
		expect(host.statuses).toEqual([503, 200]);
		expect(host.executions.map(([{ json }]) => json.predictionId)).toEqual([predictionId]);
	});
});

it('shows a failed execution where the credential’s key is rejected: that does not pass by itself', async () => {
	const signed = await signedEnd();
	sandbox.addFault({ endpoint: 'prediction', times: 2, action: { type: 'status', status: 401 } });
	expect(await deliver(signed)).toBe(200);
	expect(host.failures).toEqual([expect.stringContaining('API key')]);
});

it('starts with nothing that is not selected, though its event could not be told when the call came', async () => {
	await rehost({ parameters: { events: ['failed'] } });
	const signed = await signedEnd();
	sandbox.addFault({ endpoint: 'prediction', action: { type: 'status', status: 401 } });
	await deliver(signed);
	expect(host.executions.flat()).toEqual([]);
});

it('is asked to come again for a prediction that is still running', async () => {
	sandbox.setOptions({ predictSeconds: 60 });
	const { json } = await runSeedream({
		sandbox,
		parameters: { resource: 'prediction', operation: 'submit' },
	});
	expect(await deliver(sandbox.signWebhook(bodyOf(String(json[0]?.predictionId))))).toBe(503);
	expect(host.executions).toEqual([]);
});

it('shows a failed execution if Atlas Cloud calls the prediction running again when it is read there', async () => {
	const predictionId = await ended();
	sandbox.addFault({
		endpoint: 'prediction',
		nth: 2,
		action: {
			type: 'status',
			status: 200,
			body: { code: 200, data: { id: predictionId, status: 'processing' } },
		},
	});
	expect(await deliver(sandbox.signWebhook(bodyOf(predictionId)))).toBe(200);
	expect(host.failures).toEqual([expect.stringContaining(`${predictionId} is still running`)]);
});

it('shows a failed execution with the prediction ID if a file cannot be fetched, and Retry goes on with it', async () => {
	const predictionId = await ended();
	sandbox.addFault({ endpoint: 'file', times: 4, action: { type: 'status', status: 503 } });
	expect(await deliver(sandbox.signWebhook(bodyOf(predictionId)))).toBe(200);
	expect(host.failures).toEqual([expect.stringContaining(predictionId)]);
	await host.execute([{ json: { predictionId } }]);
	expect(host.executions[0][0].binary).toHaveProperty('data');
});

it('reads a stranger’s prediction once per call: Atlas signs the calls of all its customers', async () => {
	await deliver(sandbox.signWebhook(bodyOf('warm-up')));
	const before = sandbox.ledger.requests.length;
	for (let i = 0; i < 20; i++) {
		expect(await deliver(sandbox.signWebhook(bodyOf(`stranger-${i}`)))).toBe(503);
	}
	expect(sandbox.ledger.requests.length - before).toBe(20);
	expect(host.executions).toEqual([]);
});
