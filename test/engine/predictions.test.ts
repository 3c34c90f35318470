import type { IDataObject } from 'n8n-workflow';
import type { IncomingHttpHeaders } from 'node:http';
import {
	BINARY_MODES,
	picture,
	pictureOf,
	readBinary,
	predictionOf,
	running,
	runSeedream,
	sandbox,
	sha256,
	useOneSandbox,
	V4,
} from './seedream';
import { serve } from './serve';

/* Submit, Get and Wait for Completion. */

useOneSandbox();
afterEach(() => sandbox.setOptions({ predictSeconds: 1 }));

const submit = running('prediction', 'submit');
const get = running('prediction', 'get');
const wait = running('prediction', 'waitForCompletion');

async function submitted(parameters: Record<string, unknown> = {}): Promise<IDataObject> {
	return (await submit({ parameters })).json[0] ?? {};
}

async function edited(): Promise<IDataObject> {
	const { json } = await runSeedream({ nodeExtras: { onError: 'continueRegularOutput' } });
	return json[0] ?? {};
}

describe.each(BINARY_MODES)('files kept in mode %s', (binaryMode) => {
	it('Submit hands on the ID at once, and nothing is waited for', async () => {
		const looks = sandbox.ledger.count('prediction');
		const bytes = await picture({ left: binaryMode === 'default' ? '#abc' : '#cba' });
		const { error, out, json } = await submit({ binaryMode, items: [{ files: { data: bytes } }] });
		expect(error).toBeUndefined();
		const { id } = predictionOf(sandbox, json[0]);
		expect(json).toEqual([
			{
				predictionId: id,
				status: 'processing',
				model: V4,
				prompt: 'make it black and white',
				images: [sandbox.ledger.uploads.find((one) => one.sha256 === sha256(bytes))?.url],
				size: '1536*1024',
				createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
			},
		]);
		expect(out[0]).not.toHaveProperty('binary');
		expect(out[0]?.pairedItem).toEqual({ item: 0 });
		expect(sandbox.ledger.count('prediction')).toBe(looks);
	});

	it('Wait for Completion keeps the input image that Submit names', async () => {
		const bytes = await picture({ left: binaryMode === 'default' ? '#bca' : '#acb' });
		const submitted = await submit({ binaryMode, items: [{ files: { data: bytes } }] });
		const { out } = await wait({
			binaryMode,
			items: [{ json: submitted.json[0] }],
			parameters: { options: { keepInputImage: true } },
		});
		expect(sha256(await readBinary(out[0]!.binary!.original))).toBe(sha256(bytes));
	});

	it('Wait for Completion keeps it, or what was kept of it, although the item has other images', async () => {
		const [bytes, logo] = await Promise.all([picture({ left: '#135' }), picture({ left: '#531' })]);
		const submitted = await submit({
			binaryMode,
			items: [{ files: { photo: bytes } }],
			parameters: { images: 'photo' },
		});
		const [json] = submitted.json;
		const { out } = await wait({
			binaryMode,
			items: [
				{ json, files: { logo, photo: bytes } },
				{ json: { predictionId: json?.predictionId }, files: { data: logo, original: bytes } },
			],
			parameters: { options: { keepInputImage: true } },
		});
		for (const { binary } of out) expect(sha256(await readBinary(binary!.original))).toBe(sha256(bytes));
	});

	it('Get brings the pictures of a prediction that is done', async () => {
		const json = await edited();
		const { error, out } = await get({ binaryMode, items: [{ json }] });
		expect(error).toBeUndefined();
		expect(out[0]?.json).toEqual(json);
		expect(sha256(await pictureOf(out[0]))).toBe(predictionOf(sandbox, json).outputSha256[0]);
	});

	it('Wait for Completion brings the pictures of a bare ID, and what Atlas tells of it', async () => {
		const { predictionId } = await submitted({
			model: `${V4}-sequential`,
			numberOfImages: 2,
			size: '1024*1024',
		});
		const { error, out, json } = await wait({
			binaryMode,
			items: [{ json: { id: predictionId ?? '' } }],
			parameters: { predictionId: '={{ $json.id }}', options: { outputDataFieldName: 'made' } },
		});
		expect(error).toBeUndefined();
		const made = predictionOf(sandbox, { predictionId });
		expect(json).toHaveLength(2);
		// Atlas’s record holds no prompt and no size, and the item tells neither: nothing is made up.
		expect(json[0]).toMatchObject({
			predictionId,
			status: 'completed',
			prompt: null,
			size: null,
			imageIndex: 0,
		});
		expect(json.map(({ priceUsd }) => priceUsd)).toEqual([expect.closeTo(0.054), null]);
		expect(out.map(({ binary }) => binary?.made.fileName)).toEqual([
			`seedream-${String(predictionId)}.png`,
			`seedream-${String(predictionId)}-2.png`,
		]);
		for (const [i, item] of out.entries())
			expect(sha256(await pictureOf(item, 'made'))).toBe(made.outputSha256[i]);
	});
});

describe('Submit', () => {
	it('understands the bare answer that one of the pages shows', async () => {
		sandbox.addFault({
			endpoint: 'submit',
			action: {
				type: 'status',
				status: 200,
				body: { id: 'pred-bare', status: 'created', model: V4, created_at: '2026-01-02T03:04:05Z' },
			},
		});
		const { json } = await submit();
		expect(json[0]).toMatchObject({
			predictionId: 'pred-bare',
			status: 'processing',
			createdAt: '2026-01-02T03:04:05Z',
		});
	});

	it('sends what is kept how long as headers, and nothing of it in the body', async () => {
		const seen: Array<{ headers: IncomingHttpHeaders; body: string }> = [];
		const server = await serve((request, response) => {
			let body = '';
			request.on('data', (chunk: Buffer) => (body += chunk.toString()));
			request.on('end', () => {
				seen.push({ headers: request.headers, body });
				response.setHeader('content-type', 'application/json');
				response.end(JSON.stringify({ code: 200, data: { id: 'p1', status: 'created' } }));
			});
		});
		const baseUrl = server.url;
		const parameters = { images: 'https://example.com/a.png', size: '1024*1024' };
		const options = { keepOnAtlasHours: 24 };
		await submit({ items: [{}], credentialData: { baseUrl }, parameters: { ...parameters, options } });
		await submit({ items: [{}], credentialData: { baseUrl }, parameters });
		server.close();
		expect(seen.map(({ headers }) => headers['x-atlascloud-object-expiration-hours'])).toEqual([
			'24',
			undefined,
		]);
		expect(seen.map(({ headers }) => headers['x-atlascloud-request-retention-hours'])).toEqual([
			'24',
			undefined,
		]);
		expect(seen[0]?.headers).toMatchObject({
			authorization: `Bearer ${sandbox.apiKey}`,
			'content-type': 'application/json',
		});
		expect(JSON.parse(seen[0]?.body ?? '')).toEqual(JSON.parse(seen[1]?.body ?? ''));
		expect(JSON.parse(seen[0]?.body ?? '')).toEqual({
			model: V4,
			prompt: 'make it black and white',
			images: ['https://example.com/a.png'],
			size: '1024*1024',
		});
	});
});

describe('Get', () => {
	it('tells of one that is still going, which Wait for Completion takes as it is', async () => {
		sandbox.setOptions({ predictSeconds: 8 });
		const before = await submitted();
		const looks = sandbox.ledger.count('prediction');
		const { out, json } = await get({ items: [{ json: before }] });
		expect(sandbox.ledger.count('prediction') - looks).toBe(1);
		expect(out).toHaveLength(1);
		expect(out[0]).not.toHaveProperty('binary');
		expect(json[0]).toMatchObject({
			predictionId: before.predictionId,
			status: 'processing',
			model: V4,
			prompt: 'make it black and white',
			size: '1536*1024',
			imageUrl: null,
			imageIndex: null,
			imageCount: 0,
			predictTimeSeconds: null,
			priceUsd: null,
			failureReason: null,
			completedAt: null,
			raw: expect.anything() as object,
		});
		const waited = await wait({ items: [{ json: json[0] ?? {} }] });
		expect(waited.json[0]).toMatchObject({ status: 'completed', size: '1536*1024' });
	});

	it.each(['http500', 'nsfw'] as const)(
		'tells of one that failed (%s): an answer, no error',
		async (shape) => {
			sandbox.addFault({ endpoint: 'submit', action: { type: 'failTask', shape } });
			const { error: failed } = await edited();
			const { predictionId } = failed as unknown as { predictionId: string };
			const { error, json, out } = await get({ items: [{ json: { predictionId } }] });
			expect(error).toBeUndefined();
			expect(json[0]).toMatchObject({ predictionId, status: 'failed', imageUrl: null, imageCount: 0 });
			expect(json[0]).not.toHaveProperty('error');
			expect(json[0]?.failureReason).toEqual(expect.any(String));
			expect(out[0]).not.toHaveProperty('binary');
			if (shape === 'nsfw') expect(json[0]?.nsfw).toBe(true);
		},
	);
});

describe('Wait for Completion', () => {
	it('counts Timeout from when the wait begins, and hands on what is not done', async () => {
		sandbox.setOptions({ predictSeconds: 30 });
		const json = await submitted();
		const parameters = { options: { timeoutSeconds: 2 } };
		const { error } = await wait({ items: [{ json }], parameters });
		expect(error?.message).toContain(`(prediction ${String(json.predictionId)})`);
		const unfinished = await wait({
			items: [{ json }],
			parameters: { options: { timeoutSeconds: 2, onTimeout: 'continue' } },
		});
		expect(unfinished.json[0]).toMatchObject({
			predictionId: json.predictionId,
			status: 'processing',
			model: V4,
			prompt: json.prompt,
			size: json.size,
		});
	});

	it.each([
		['={{ "" }}', "'Prediction ID' is empty"],
		['={{ $json.nothing }}', "'Prediction ID' is empty"],
		['../../balance', '"../../balance" is not a prediction ID'],
		['a b', '"a b" is not a prediction ID'],
		['a?b=c', '"a?b=c" is not a prediction ID'],
		['{{ $json.id }}', '"{{ $json.id }}" is not a prediction ID'],
	])('refuses %s as an id without asking anybody', async (predictionId, message) => {
		const before = sandbox.ledger.requests.length;
		const { error } = await wait({ items: [{}], parameters: { predictionId } });
		expect(error?.message).toBe(message);
		expect(sandbox.ledger.requests.length).toBe(before);
	});
});
