import { CancelledError } from '../../nodes/AtlasCloud/api/errors';
import { forgetLeftovers } from '../../nodes/AtlasCloud/api/purchases/leftovers';
import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import { ExecuteContext } from 'n8n-core';
import { Downloads } from '../../nodes/AtlasCloud/api/files/downloads';
import { EDIT_STYLE } from '../../nodes/AtlasCloud/panel/style';
import {
	LITE,
	picture,
	pictureOf,
	runSeedream,
	sandbox,
	sha256,
	useOneSandbox,
	V4,
	type InputItem,
	type SeedreamOptions,
	type SeedreamResult,
	storeFile,
} from './seedream';

// Over n8n's own helpers, axios, and sockets.
jest.mock('../../nodes/AtlasCloud/n8n/http', () => jest.requireActual('../../nodes/AtlasCloud/n8n/http'));

const KEY = 'apikey-0123456789abcdef-never-to-be-seen';
useOneSandbox({ apiKey: KEY });
let good: InputItem;

beforeEach(forgetLeftovers);
beforeAll(async () => {
	good = { files: { data: await picture() } };
});
afterEach(() => {
	sandbox.setOptions({ predictSeconds: 1 });
});

async function edit(options: SeedreamOptions = {}): Promise<SeedreamResult> {
	return await runSeedream({ items: [good], ...options });
}

const CONTINUE = { onError: 'continueRegularOutput' } as const;
const BRANCH = { onError: 'continueErrorOutput' } as const;
const ERROR_KEYS = [
	'message',
	'description',
	'prompt',
	'predictionId',
	'status',
	'reason',
	'statusCode',
	'requestId',
];

/** A failed row has the columns of a good one. */
function errorOf(item: INodeExecutionData | undefined): IDataObject {
	expect(Object.keys(item ?? {}).sort()).toEqual(['json', 'pairedItem']);
	expect(Object.keys(item?.json ?? {})).toEqual([...EDIT_STYLE.columns, 'error']);
	expect(item?.json.status).toBe('failed');
	const error = item?.json.error as unknown as IDataObject;
	expect(Object.keys(error)).toEqual(ERROR_KEYS);
	expect(error.message).toEqual(expect.any(String));
	expect(error.description).toMatch(/\.$/);
	return error;
}

describe('one bad item among good ones', () => {
	const items = (): InputItem[] => [good, { json: { sku: 'B' } }, good, good];

	it('ends the node by default, before anything is sent or billed', async () => {
		const before = sandbox.ledger.requests.length;
		const { error, run } = await edit({ items: items() });
		expect(run.status).toBe('error');
		expect(error).toMatchObject({
			name: 'NodeOperationError',
			message: 'No image found in the field "data"',
			context: { itemIndex: 1 },
		});
		expect(error?.description).toContain('Check that the previous node returns one');
		expect(sandbox.ledger.requests.length).toBe(before);
	});

	it('fails alone under Continue, at its own position', async () => {
		const charges = sandbox.ledger.charges.length;
		const { error, out } = await edit({ items: items(), nodeExtras: CONTINUE });
		expect(error).toBeUndefined();
		expect(out.map(({ json }) => json.status ?? 'failed')).toEqual([
			'completed',
			'failed',
			'completed',
			'completed',
		]);
		expect(out.map(({ pairedItem }) => pairedItem)).toEqual([0, 1, 2, 3].map((item) => ({ item })));
		expect(errorOf(out[1])).toEqual({
			message: 'No image found in the field "data"',
			description: expect.any(String) as string,
			prompt: 'make it black and white',
			predictionId: null,
			status: null,
			reason: null,
			statusCode: null,
			requestId: null,
		});
		for (const item of [out[0], out[2], out[3]]) expect((await pictureOf(item)).length).toBeGreaterThan(100);
		expect(sandbox.ledger.charges.length - charges).toBe(3);
	});

	it('goes to the error branch with all its data under Continue (using error output)', async () => {
		const { run, items: outputs } = await edit({
			items: items(),
			nodeExtras: BRANCH,
			downstream: ['Good', 'Bad'],
		});
		expect(run.status).toBe('success');
		expect(outputs.map((output) => output.length)).toEqual([3, 1]);
		const arrived = (name: string) => run.data.resultData.runData[name]?.[0]?.data?.main[0] ?? [];
		expect(arrived('Good').map(({ json }) => json.status)).toEqual(['completed', 'completed', 'completed']);
		expect(arrived('Good').every(({ binary }) => binary?.data !== undefined)).toBe(true);
		const [bad] = arrived('Bad');
		// n8n puts the input's fields before ours.
		expect(bad?.json).toMatchObject({ sku: 'B' });
		expect(bad?.json.error).toMatchObject({ message: 'No image found in the field "data"' });
		expect(arrived('Bad')).toHaveLength(1);
	});
});

it.each<[string, SeedreamOptions]>([
	['its Base URL is not allowed', { credentialData: { baseUrl: 'http://example.com' } }],
	['its Concurrency is no number', { parameters: { options: { concurrency: '={{ "ten" }}' } } }],
	['it has no such operation', { parameters: { operation: '__CUSTOM_API_CALL__' } }],
])('hands on no unedited photo if %s', async (_why, options) => {
	const run = { ...options, items: [good, good] };
	const { out } = await edit({ ...run, nodeExtras: CONTINUE });
	expect(out).toEqual(
		[0, 1].map((item) => ({
			json: expect.objectContaining({
				error: expect.objectContaining({ statusCode: null }) as object,
			}) as object,
			pairedItem: { item },
		})),
	);
	const { items } = await edit({ ...run, nodeExtras: BRANCH, downstream: ['Good', 'Bad'] });
	expect(items.map((output) => output.length)).toEqual([0, 2]);
});

it('hands on no unedited photo in n8n’s combined binary mode, either, with the input’s fields', async () => {
	sandbox.addFault({ endpoint: 'submit', action: { type: 'status', status: 400 } });
	const photo = await picture();
	const { out } = await edit({
		items: async (context) => {
			const _files = { data: await storeFile(context, photo) } as unknown as IDataObject;
			return [{ json: { sku: 'A', _files }, pairedItem: { item: 0 } }];
		},
		settings: { binaryMode: 'combined' },
		nodeExtras: CONTINUE,
		parameters: { options: { includeInputFields: true } },
	});
	expect(out[0]?.json).toHaveProperty('error');
	expect(out[0]?.json).not.toHaveProperty('_files');
	expect(out[0]?.json).toHaveProperty('sku');
});

it('offers a Retry for a prediction that Atlas Cloud canceled', async () => {
	const patch = { status: 'canceled', outputs: null };
	sandbox.addFault({ endpoint: 'submit', action: { type: 'patchResult', patch } });
	const { run } = await edit();
	expect(run.status).toBe('error');
});

it('names the prediction of a failed row that could not even begin', async () => {
	const json = { predictionId: 'p-1' };
	const { out } = await runSeedream({
		items: [{ json }],
		nodeExtras: CONTINUE,
		credentialData: { baseUrl: 'http://example.com' },
		parameters: {
			resource: 'prediction',
			operation: 'waitForCompletion',
			predictionId: '={{ $json.predictionId }}',
		},
	});
	expect(out[0]?.json).toMatchObject({ predictionId: 'p-1', status: 'failed' });
});

it.each([
	[
		400,
		'Atlas Cloud rejected the request: prompt was refused (400)',
		'says what to change',
		'prompt was refused',
	],
	[
		400,
		'Content moderation blocked this request: InputImageSensitiveContentDetected (400)',
		'Change the prompt',
		'InputImageSensitiveContentDetected',
	],
	[
		400,
		'Atlas Cloud rejected the request: failed to download image from url (400)',
		'download it with an HTTP Request node, and use the file',
		'failed to download image from url',
	],
	[401, 'Atlas Cloud rejected the API key (401)', 'enter the API key again', 'unauthorized'],
	[402, 'Your Atlas Cloud account is out of credit (402)', 'Add credit', 'insufficient balance'],
	[403, 'Atlas Cloud rejected the request: forbidden (403)', 'Check the key', 'forbidden'],
	[404, 'Atlas Cloud rejected the request: not found (404)', 'check the ID', 'not found'],
	[413, 'Atlas Cloud rejected the request: too large (413)', 'Provide files or URLs', 'too large.'],
	[451, 'Atlas Cloud rejected the request: not here (451)', 'region', 'not here'],
])('says what a submit’s answer %d means, and sends it once', async (status, message, advice, reason) => {
	const before = sandbox.ledger.count('submit');
	sandbox.addFault({
		endpoint: 'submit',
		action: {
			type: 'status',
			status,
			body: { code: status, msg: reason, request_id: 'envelope-id', data: null },
			headers: { 'x-request-id': `req-${status}` },
		},
	});
	const { out } = await edit({ nodeExtras: CONTINUE });
	const error = errorOf(out[0]);
	expect(error).toMatchObject({
		message,
		predictionId: null,
		status: null,
		reason,
		statusCode: status,
		requestId: `req-${status}`,
	});
	expect(String(error.description).toLowerCase()).toContain(advice.toLowerCase());
	expect(error.description).toContain('Nothing was billed for this item.');
	expect(sandbox.ledger.count('submit') - before).toBe(1);
});

it('knows a moderated submit by the code in a good status, too', async () => {
	const body = { code: 400, msg: 'The prompt may contain sensitive information', data: null };
	sandbox.addFault({ endpoint: 'submit', action: { type: 'status', status: 200, body } });
	expect((await edit()).error?.message).toMatch(/^Content moderation blocked this request/);
});

it('names the size that was sent in a failed row, too', async () => {
	const given = { parameters: { model: 'bytedance/seedream-v5.5/edit' }, nodeExtras: CONTINUE };
	const { json } = await edit(given);
	sandbox.addFault({ endpoint: 'submit', action: { type: 'failTask', shape: 'status200' } });
	const { out } = await edit(given);
	expect(out[0].json).toMatchObject({ status: 'failed', size: json[0].size });
});

it('says what may be wrong if the key is refused, and asks only once', async () => {
	const before = sandbox.ledger.requests.length;
	const { error } = await edit({ credentialData: { apiKey: 'wrong-key' } });
	expect(error?.message).toBe('Atlas Cloud rejected the API key (401)');
	expect(error?.description).toBe(
		"Open the credential and enter the API key again: copy it from the API Keys page of the Atlas Cloud console. If you changed the 'Base URL', set it back to https://api.atlascloud.ai.",
	);
	expect(error?.context).toMatchObject({ statusCode: 401, requestId: expect.any(String) as string });
	// n8n would add "[item 0]", although no item would be accepted.
	expect(error?.context?.itemIndex).toBeUndefined();
	expect(sandbox.ledger.requests.length - before).toBe(1);
});

it('shows the file’s own name and the request ID if Atlas Cloud fails', async () => {
	const headers = { 'x-request-id': 'req-500' };
	const action = { type: 'status', status: 500, headers } as const;
	sandbox.addFault({ endpoint: 'upload', times: Infinity, action });
	const { error } = await edit({
		items: [{ files: { data: { bytes: await picture(), fileName: 'cat.png', mimeType: 'image/png' } } }],
	});
	expect(error?.message).toMatch(/^Couldn’t upload cat\.png: .*\(500\)$/);
	expect(error?.description).toContain('contact Atlas Cloud support with request ID req-500.');
});

it('names the address if nothing answers', async () => {
	const { error } = await edit({ credentialData: { baseUrl: 'http://127.0.0.1:9' } });
	expect(error?.message).toBe('Couldn’t reach Atlas Cloud at 127.0.0.1:9: connection refused');
	expect(error?.description).toContain("Check the 'Base URL' in the credential");
});

describe('an invalid parameter or input', () => {
	const bad: Array<[string, Record<string, unknown>, string]> = [
		['an empty prompt', { prompt: '={{ "" }}' }, "'Prompt' is empty"],
		[
			'an empty model',
			{ model: { __rl: true, mode: 'id', value: '={{ "" }}' } },
			"'Model' is empty or not a valid model ID",
		],
		['a model with blanks', { model: '={{ "sea dream" }}' }, "'Model' is empty or not a valid model ID"],
		['an illegal size', { model: LITE, size: '1024*1024' }, 'Seedream v5.0 Lite doesn’t support 1024 × 1024'],
		[
			'extra fields that are not JSON',
			{ options: { extraBodyFields: '{seed: 1' } },
			"'Extra Body Fields' must be a JSON object",
		],
		[
			'a timeout of zero',
			{ options: { timeoutSeconds: 0 } },
			"'Timeout (Seconds)' must be a number between 1 and 86400, but it is 0",
		],
		[
			'no hours to reuse results of',
			{ options: { reuseHours: '={{ "" }}' } },
			"'Reuse Paid Results (Hours)' is empty",
		],
		[
			'an output field without a name',
			{ options: { outputDataFieldName: '={{ "" }}' } },
			"'Put Output in Field' is empty",
		],
		[
			'more images than one item may have',
			{ numberOfImages: 5 },
			"'Number of Images' is 5, but Seedream v4 can make at most 4 from 1 input image",
		],
		...[0, 1.5, 16].map((numberOfImages): [string, Record<string, unknown>, string] => [
			`${numberOfImages} images`,
			{ numberOfImages },
			`'Number of Images' must be a whole number between 1 and 15, but it is ${numberOfImages}`,
		]),
		...['model', 'enable_sync_mode'].map((name): [string, Record<string, unknown>, string] => [
			`extra fields that set ${name}`,
			{ options: { extraBodyFields: JSON.stringify({ seed: 1, [name]: 'x' }) } },
			`'Extra Body Fields' can’t set ${name}`,
		]),
	];

	it.each(bad)('is refused before the first request: %s', async (_what, parameters, message) => {
		const before = sandbox.ledger.requests.length;
		const { error } = await edit({ items: [good, good], parameters });
		expect(error?.message).toBe(message);
		expect(error?.description).not.toBe('');
		const { out } = await edit({ parameters, nodeExtras: CONTINUE });
		expect(errorOf(out[0]).message).toBe(message);
		expect(sandbox.ledger.requests.length).toBe(before);
	});

	it('is refused even if only the file shows it, and nothing is uploaded for the other items', async () => {
		const { error } = await edit({
			items: [good, { ...good, json: { model: 'bytedance/seedream-v9/edit' } }],
			parameters: {
				model: { __rl: true, mode: 'id', value: '={{ $json.model ?? "bytedance/seedream-v4.5/edit" }}' },
			},
		});
		expect(error?.context).toMatchObject({ itemIndex: 1 });
		expect(sandbox.ledger.requests.at(-1)?.endpoint).toMatch(/models|schema/);
	});
});

it.each<[string, () => unknown, Partial<IDataObject>]>([
	['nothing', () => undefined, { message: 'The item failed for an unknown reason' }],
	['a cancel of nobody’s', () => new CancelledError(), {}],
	[
		'an error that cannot be read',
		() =>
			Object.defineProperty(new Error(), 'description', {
				get() {
					throw new Error('no');
				},
			}),
		{},
	],
	[
		'an error of n8n’s',
		() => Object.assign(new Error('Bad gateway'), { description: 'Ask them.', httpCode: '502' }),
		{ message: 'Bad gateway', statusCode: 502 },
	],
])('includes the prediction ID, whatever is thrown after it is billed: %s', async (_what, thrown, told) => {
	const fetch = jest.spyOn(Downloads.prototype, 'fetch').mockImplementation(async () => {
		throw await Promise.resolve(thrown());
	});
	try {
		for (const nodeExtras of [CONTINUE, {}]) {
			forgetLeftovers();
			const known = new Set(sandbox.ledger.predictions.keys());
			const { error, out } = await edit({ nodeExtras });
			const [id] = [...sandbox.ledger.predictions.keys()].filter((one) => !known.has(one));
			const seen = nodeExtras === CONTINUE ? errorOf(out[0]) : { ...error?.context, message: error?.message };
			const message = `${(told.message as string | undefined) ?? ''} (prediction ${id})`;
			expect(seen).toMatchObject({
				...told,
				predictionId: id,
				message: expect.stringContaining(message) as string,
			});
		}
	} finally {
		fetch.mockRestore();
	}
});

it('returns what was billed even if the summary fails', async () => {
	const hint = jest.spyOn(ExecuteContext.prototype, 'addExecutionHints').mockImplementation(() => {
		throw new Error('no hints today');
	});
	try {
		const { error, json } = await edit();
		expect(hint).toHaveBeenCalledTimes(1);
		expect(error).toBeUndefined();
		expect(json.map(({ status }) => status)).toEqual(['completed']);
	} finally {
		hint.mockRestore();
	}
});

describe('Max Edits per Run', () => {
	const many = (count: number) => Array.from({ length: count }, (): InputItem => good);

	it.each([
		[{ options: { maxEdits: 2 } }, 3, 'Estimated cost: $0.081.'],
		[{ numberOfImages: 3, options: { maxEdits: 5 } }, 2, 'Estimated cost: $0.162.'],
		[
			{ model: `${V4}-sequential`, numberOfImages: 10, options: { maxEdits: 1 } },
			2,
			'Estimated cost: $0.54.',
		],
		[{}, 251, 'Estimated cost: $6.777.'],
	])('%j refuses %d items with the estimated cost', async (parameters, count, cost) => {
		const before = sandbox.ledger.requests.length;
		const { error } = await edit({ items: many(count), parameters });
		const { options, numberOfImages = 1 }: { options?: { maxEdits?: number }; numberOfImages?: number } =
			parameters;
		expect(error?.message).toBe(
			`This run has ${count * numberOfImages} edits, but 'Max Edits per Run' is ${options?.maxEdits ?? 250}`,
		);
		expect(error?.description).toContain(cost);
		expect(error?.context?.itemIndex).toBeUndefined();
		// The price of a model that is not known here is looked up in the catalog.
		const sent = sandbox.ledger.requests.slice(before).map(({ endpoint }) => endpoint);
		expect(sent.filter((endpoint) => endpoint !== 'models')).toEqual([]);
	});

	it('refuses each item under Continue, and counts only those that would be submitted', async () => {
		const before = sandbox.ledger.requests.length;
		const { out } = await edit({
			items: [good, {}, good, good],
			parameters: { options: { maxEdits: 2 } },
			nodeExtras: CONTINUE,
		});
		expect(out.map((item) => errorOf(item).message)).toEqual([
			"This run has 3 edits, but 'Max Edits per Run' is 2",
			'No image found in the field "data"',
			"This run has 3 edits, but 'Max Edits per Run' is 2",
			"This run has 3 edits, but 'Max Edits per Run' is 2",
		]);
		expect(sandbox.ledger.requests.length).toBe(before);
		const { json } = await edit({
			items: [good, {}, good],
			parameters: { options: { maxEdits: 2 } },
			nodeExtras: CONTINUE,
		});
		expect(json.map(({ status }) => status)).toEqual(['completed', 'failed', 'completed']);
	});
});

it('never shows a whole data URI, whatever Atlas says', async () => {
	const bytes = await picture({ width: 300, height: 200, encode: (raw) => raw.jpeg() });
	const uri = `data:image/jpeg;base64,${bytes.toString('base64')}`;
	const parameters = { images: uri };
	const submit = { resource: 'prediction', operation: 'submit' };
	const told: unknown[] = [];
	// The node's own parameters hold it, and n8n repeats them in what it keeps.
	const keep = ({ run, error, out }: SeedreamResult) =>
		told.push(run.data.executionData?.contextData, error?.message, error?.description, error?.context, out);
	keep(await edit({ parameters }));
	keep(await edit({ parameters: { ...parameters, ...submit } }));
	keep(await edit({ parameters: { ...parameters, images: `${uri}§` } }));
	const msg = `images[0]: cannot read ${uri}`;
	for (const nodeExtras of [{}, CONTINUE]) {
		sandbox.addFault({
			endpoint: 'submit',
			action: { type: 'status', status: 400, body: { code: 400, msg, data: null } },
		});
		keep(await edit({ parameters, nodeExtras }));
		sandbox.addFault({
			endpoint: 'submit',
			action: { type: 'patchResult', patch: { status: 'failed', outputs: [], error: msg } },
		});
		keep(await edit({ parameters, nodeExtras }));
	}
	sandbox.addFault({
		endpoint: 'submit',
		action: { type: 'patchResult', patch: { outputs: [uri, { url: uri }, bytes.toString('base64')] } },
	});
	const { json, out } = await edit({ parameters });
	told.push(json);
	expect(json.map(({ imageUrl }) => imageUrl)).toEqual([null, null, null]);
	for (const item of out) expect(await pictureOf(item)).toEqual(bytes);
	expect(sandbox.ledger.uploads.at(-1)?.sha256).toBe(sha256(bytes));
	expect(JSON.stringify(told).includes(uri.slice(0, 200))).toBe(false);
	expect(JSON.stringify(told).includes(bytes.toString('base64').slice(40, 200))).toBe(false);
});
