import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
	BINARY_MODES,
	picture,
	predictionOf,
	runSeedream,
	sandbox,
	sha256,
	useOneSandbox,
	V4,
	type SeedreamOptions,
} from './seedream';

useOneSandbox();

async function submit(options: SeedreamOptions = {}) {
	return await runSeedream({
		...options,
		parameters: { resource: 'prediction', operation: 'submit', ...options.parameters },
	});
}

describe.each(BINARY_MODES)('a submit, files kept in mode %s', (binaryMode) => {
	it('hands on the id at once, and nothing is waited for', async () => {
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
});

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
	const server = createServer((request, response) => {
		let body = '';
		request.on('data', (chunk: Buffer) => (body += chunk.toString()));
		request.on('end', () => {
			seen.push({ headers: request.headers, body });
			response.setHeader('content-type', 'application/json');
			response.end(JSON.stringify({ code: 200, data: { id: 'p1', status: 'created' } }));
		});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
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
