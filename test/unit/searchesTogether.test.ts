import { contentTag, uploadName } from '../../nodes/AtlasCloud/api/files/uploads';
import { sha256 } from '../../nodes/AtlasCloud/api/hash';
import { EarlierInputs } from '../../nodes/AtlasCloud/api/purchases/earlierInputs';
import { hashOf, valuesOf } from '../../nodes/AtlasCloud/api/purchases/body';
import { Ledger } from '../../nodes/AtlasCloud/api/purchases/ledger';
import { LostSearch } from '../../nodes/AtlasCloud/api/purchases/lostSearch';
import { Search } from '../../nodes/AtlasCloud/api/purchases/search';
import { clientOf, FakeHttp, type FakeAnswer } from './fakeHttp';
import { VirtualClock } from './virtualClock';

const FILES = 'https://files.example.com';
const scope = { executionId: '1', runIndex: 0, isTool: false };

it('a retry takes the one that moderation stopped, even if another failed one is known without a download', async () => {
	const clock = new VirtualClock();
	const createdAt = Math.floor(clock.nowMs() / 1_000) - 60;
	const hash = sha256('photo A');
	const name = uploadName(
		{ executionId: '1', nodeTag: '0123abcd', runIndex: 0, itemIndex: 0, contentTag: contentTag(hash) },
		'png',
	);
	const rowOf = (id: string, image: string, more: object = {}) => ({
		ID: id,
		createdAt,
		model: 'm',
		requestBody: JSON.stringify({ model: 'm', prompt: 'p', images: [`${FILES}/${image}`] }),
		result: { id, status: 'failed', outputs: null, ...more },
	});
	const items = [rowOf('moderated', 'a.png', { error_code: 1039 }), rowOf('failed', name)];
	const http = new FakeHttp(({ url }): FakeAnswer => {
		const date = new Date(clock.nowMs()).toUTCString();
		if (!url.includes('/model/history')) return { chunks: [Buffer.from('photo A')] };
		return { headers: { date }, json: { code: 200, data: { items, total: items.length } } };
	});
	const client = clientOf(http, clock);
	const ledger = new Ledger({ records: {}, takenIds: {} }, scope);
	const search = new Search(client, ledger, new EarlierInputs(client, undefined));
	const wish = {
		identity: {
			fingerprint: '',
			body: { model: 'm', prompt: 'p' },
			inputs: [{ path: ['images', 0] as const, sha256: hash, sizeBytes: 7 }],
		},
		sinceMs: clock.nowMs() - 3_600_000,
		mayHaveFailed: true,
		giveUpAtMs: clock.nowMs() + 300_000,
	};
	expect(await clock.until(search.take(wish, ({ id }) => (ledger.claim(id) ? id : null)))).toBe('moderated');
});

it('a lost submit is known to be none although an older one is searched for, too, in its last round', async () => {
	const clock = new VirtualClock();
	const startMs = clock.nowMs();
	const http = new FakeHttp(() => {
		// Another person's, made five minutes before.
		const createdAt = Math.floor(startMs / 1_000) - 300;
		const requestBody = JSON.stringify({ model: 'm', prompt: 'a stranger’s' });
		const items = [{ ID: 'x', createdAt, model: 'm', requestBody, result: { id: 'x', status: 'completed' } }];
		const headers = { date: new Date(clock.nowMs()).toUTCString() };
		return { headers, json: { code: 200, data: { items, total: 1 } } };
	});
	const ledger = new Ledger({ records: {}, takenIds: {} }, scope);
	const lost = new LostSearch(clientOf(http, clock), ledger, undefined);
	const lose = (itemIndex: number, prompt: string, sentAtMs: number) => {
		const bodyHash = hashOf(valuesOf({ model: 'm', prompt }));
		const facts = { fingerprint: 'f', bodyHash, model: 'm', sentAtMs, size: null, images: [], hasUrl: false };
		const record = ledger.begin({ itemIndex }, { ...facts, prompt, estimateUsd: null });
		ledger.settle(record, { state: 'lost' }, sentAtMs + 1_000);
		return record;
	};
	const first = lost.find(lose(0, 'make it gold', startMs - 1_000));
	await clock.pass(50_000);
	// What an attempt before lost, ten minutes ago.
	const second = lost.find(lose(1, 'make it blue', startMs - 600_000));
	expect(await clock.until(first)).toEqual({ kind: 'none' });
	expect(await clock.until(second)).toEqual({ kind: 'none' });
});

it('a row with a field that older bodies of its model do not have is still another request', async () => {
	const clock = new VirtualClock();
	const rowOf = (id: string, secondsAgo: number, more: object) => ({
		ID: id,
		createdAt: Math.floor(clock.nowMs() / 1_000) - secondsAgo,
		model: 'm',
		requestBody: JSON.stringify({ model: 'm', prompt: 'p', image: `${FILES}/a.png`, ...more }),
		result: { id, status: 'completed', outputs: [`${FILES}/out.png`] },
	});
	const items = [rowOf('seeded', 60, { seed: 5 }), rowOf('old', 86_400, {}), rowOf('older', 90_000, {})];
	const http = new FakeHttp((): FakeAnswer => {
		const date = new Date(clock.nowMs()).toUTCString();
		return { headers: { date }, json: { code: 200, data: { items, total: items.length } } };
	});
	const client = clientOf(http, clock);
	const ledger = new Ledger({ records: {}, takenIds: {} }, scope);
	const search = new Search(client, ledger, new EarlierInputs(client, undefined));
	const wish = {
		identity: {
			fingerprint: '',
			body: { model: 'm', prompt: 'p' },
			inputs: [{ path: ['image'] as const, url: `${FILES}/a.png` }],
		},
		sinceMs: clock.nowMs() - 3_600_000,
		mayHaveFailed: false,
		giveUpAtMs: clock.nowMs() + 300_000,
	};
	expect(await clock.until(search.take(wish, ({ id }) => id))).toBeNull();
});

it('items that look again within seconds share a reading of the history', async () => {
	const clock = new VirtualClock();
	const http = new FakeHttp((): FakeAnswer => {
		const date = new Date(clock.nowMs()).toUTCString();
		return { headers: { date }, json: { code: 200, data: { items: [], total: 0 } } };
	});
	const client = clientOf(http, clock);
	const ledger = new Ledger({ records: {}, takenIds: {} }, scope);
	const search = new Search(client, ledger, new EarlierInputs(client, undefined));
	const sinceMs = clock.nowMs() - 3_600_000;
	const look = async (prompt: string) => {
		const identity = { fingerprint: '', body: { model: 'm', prompt }, inputs: [] };
		const wish = { identity, sinceMs, mayHaveFailed: false, giveUpAtMs: clock.nowMs() + 300_000 };
		search.readAgain();
		await clock.until(search.take(wish, ({ id }) => id));
		return http.requests.length;
	};
	expect(await look('a')).toBe(2);
	await clock.pass(4_000);
	expect(await look('b')).toBe(2);
	await clock.pass(4_000);
	expect(await look('c')).toBe(4);
});
