import { readPrediction, withFiles } from '../../nodes/AtlasCloud/api/predictions/readPrediction';
import { clientOf, FakeHttp } from './fakeHttp';
import { VirtualClock } from './virtualClock';

/** An answer with one file in it. @param length in characters of base64 */
function atlasWith(length: number) {
	const clock = new VirtualClock();
	const outputs = ['A'.repeat(length)];
	const http = new FakeHttp(() => ({ json: { code: 200, data: { id: 'p', status: 'completed', outputs } } }));
	return { clock, http, client: clientOf(http, clock) };
}

it('a small file in an answer is kept', async () => {
	const { client, http } = atlasWith(1_000_000);
	const prediction = await readPrediction(client, 'p', undefined);
	const length = await withFiles(
		client,
		prediction,
		undefined,
		async ({ outputs }) => await Promise.resolve(outputs[0]?.base64?.length),
	);
	expect(length).toBe(1_000_000);
	expect(http.requests).toHaveLength(1);
});

it('large ones are read when they are stored, 32 MB at a time', async () => {
	const { client, clock } = atlasWith(10_000_000);
	const prediction = await readPrediction(client, 'p', undefined);
	expect(prediction).toMatchObject({ outputs: [{ base64: null }], embeddedBytes: 10_000_000 });
	let atOnce = 0;
	let most = 0;
	const store = async () =>
		await withFiles(client, prediction, undefined, async ({ outputs }) => {
			most = Math.max(most, ++atOnce);
			await clock.sleepMs(1_000);
			atOnce--;
			return outputs[0]?.base64?.length;
		});
	const stored = await clock.until(Promise.all(Array.from({ length: 6 }, store)));
	expect(stored).toEqual(Array(6).fill(10_000_000));
	expect(most).toBe(3);
});
