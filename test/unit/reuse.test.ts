import { RemoteContent } from '../../nodes/AtlasCloud/api/files/remote';
import { Reuse } from '../../nodes/AtlasCloud/api/purchases/reuse';
import { clientOf, FakeHttp, type FakeAnswer } from './fakeHttp';
import { VirtualClock } from './virtualClock';

const BODY = { model: 'm', prompt: 'make it gold' };
const URL = 'https://x.example.com/';

interface PastPurchase {
	id: string;
	minutesAgo: number;
	status?: string;
}

/** A history with these purchases of the same request, the newest first. */
function setup(past: PastPurchase[]) {
	const clock = new VirtualClock();
	const startMs = clock.nowMs();
	const items = past.map(({ id, minutesAgo, status = 'completed' }) => ({
		ID: id,
		createdAt: Math.floor(startMs / 1_000) - minutesAgo * 60,
		model: 'm',
		requestBody: JSON.stringify({ ...BODY, images: [URL] }),
		result: { id, status, outputs: null },
	}));
	const headers = { date: new Date(startMs).toUTCString() };
	const http = new FakeHttp((): FakeAnswer => ({
		headers,
		json: { code: 200, data: { items, total: items.length } },
	}));
	const client = clientOf(http, clock);
	const claimed: string[] = [];
	const known = { claimedIds: () => claimed, isSought: () => false };
	const reuse = new Reuse(client, new RemoteContent(client, undefined), known);
	const take = async (hours: number) =>
		await clock.until(
			reuse.take(
				{ body: BODY, inputs: [{ path: ['images', 0], identity: { url: URL } }] },
				hours,
				({ predictionId }) => {
					claimed.push(predictionId);
					return predictionId;
				},
			),
		);
	return { take, requestCount: () => http.requests.length };
}

describe('results to reuse', () => {
	it('are read once for all items', async () => {
		const { take, requestCount } = setup([
			{ id: 'b', minutesAgo: 10 },
			{ id: 'a', minutesAgo: 20 },
		]);
		expect(await Promise.all([take(1), take(1), take(1)])).toEqual(['b', 'a', null]);
		expect(requestCount()).toBe(1);
	});

	it('are as old as the item allows, and are claimed once even if items differ in that', async () => {
		const { take } = setup([
			{ id: 'b', minutesAgo: 10 },
			{ id: 'a', minutesAgo: 90 },
		]);
		expect(await Promise.all([take(1), take(2), take(1), take(2)])).toEqual(['b', 'a', null, null]);
	});

	it('have not failed', async () => {
		const { take } = setup([
			{ id: 'c', minutesAgo: 1, status: 'failed' },
			{ id: 'b', minutesAgo: 2, status: 'processing' },
		]);
		expect([await take(1), await take(1)]).toEqual(['b', null]);
	});
});
