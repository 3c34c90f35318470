import { models, parametersOf } from './models';
import { CONTINUE, edit, fails, photo, useSandbox } from './money/account';
import { runSeedream, type SeedreamOptions } from './seedream';

useSandbox();

const IMG = '<img src=https://evil.example/x.png><a href=https://evil.example>Sign in again</a>';
const LONG = `${IMG}\n${'x'.repeat(10_000)}`;

const refuses = (endpoint: Parameters<typeof fails>[0], body: object) => () =>
	fails(endpoint, { type: 'status', status: 400, body }, Infinity);

const files = { [IMG]: Buffer.from('x'), b: Buffer.from('y') };

it.each<[string, () => void, Partial<SeedreamOptions>]>([
	['the name of a file field', () => {}, { items: [{ files }] }],
	['Atlas’s message', refuses('submit', { code: 400, msg: LONG, data: null }), {}],
	['a request ID', refuses('upload', { code: 400, msg: 'no', request_id: LONG, data: null }), {}],
	['a model', () => {}, { parameters: { model: `a/${'<b>'.repeat(1_000)}` } }],
	['a size', () => {}, { parameters: { size: LONG } }],
	[
		'a prediction ID',
		() => {},
		{ parameters: { resource: 'prediction', operation: 'get', predictionId: LONG } },
	],
])('texts of strangers are plain in every message: %s', async (_what, prepare, options) => {
	prepare();
	for (const nodeExtras of [{}, CONTINUE]) {
		const { error, json } = await edit({ ...options, nodeExtras });
		const { message, description } = (error ?? json[0]?.error) as { message: string; description: string };
		expect(`${message} ${description.replaceAll('<br>', ' ')}`).not.toContain('<');
		expect(message).not.toContain('\n');
		expect(message.length + description.length).toBeLessThan(1_500);
	}
});

it('and in the hint', async () => {
	const dropped = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`${IMG}${i}`, 1]));
	const { hint } = await runSeedream({
		...models,
		items: Array.from({ length: 2 }, () => ({ files: { data: photo } })),
		parameters: parametersOf({
			resource: 'image',
			model: 'bytedance/seedream-v4/edit',
			asJson: true,
			inputs: { prompt: 'p', images: 'data', ...dropped },
		}),
	});
	expect(hint).toContain('and 40 more');
	expect(hint).not.toContain('<');
});
