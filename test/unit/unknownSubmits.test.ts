import { bodyHash } from '../../nodes/AtlasCloud/api/predictions/history';
import { Intents } from '../../nodes/AtlasCloud/api/purchases/intents';
import { LostSubmits } from '../../nodes/AtlasCloud/api/purchases/lostSubmits';
import { UnknownSubmits } from '../../nodes/AtlasCloud/api/purchases/unknownSubmits';
import { clientOf, FakeHttp, type FakeAnswer } from './fakeHttp';
import { VirtualClock } from './virtualClock';

const BODY = { model: 'm', prompt: 'make it gold', images: ['https://files.example.com/a.png'] };

interface Story {
	/** For each item, the ID in its error answer; undefined if the answer was lost. */
	reportedIds: Array<string | undefined>;
	/** Predictions in the history, the oldest first. Each has the body that all items sent. */
	history: string[];
	/** Whether Atlas knows a prediction by its ID when it is asked. Default: it does. */
	isReadable?: boolean;
	/** What happens to the items' intents while Atlas is asked. */
	meanwhile?: (intents: Intents) => void;
}

/** Submits the same body for several items at once, and finds out what came of them. Reading an ID takes 10 s. */
async function resolveAll({ reportedIds, history, isReadable = true, meanwhile }: Story) {
	const clock = new VirtualClock();
	const sentAtMs = clock.nowMs();
	const items = history.map((id, i) => ({
		ID: id,
		createdAt: sentAtMs + 100 * (i + 1),
		model: 'm',
		requestBody: JSON.stringify(BODY),
		result: { id, status: 'processing', outputs: null },
	}));
	const http = new FakeHttp(async ({ url }): Promise<FakeAnswer> => {
		const headers = { date: new Date(clock.nowMs()).toUTCString() };
		if (url.includes('/model/history')) {
			const newestFirst = [...items].reverse();
			return { headers, json: { code: 200, data: { items: newestFirst, total: items.length } } };
		}
		meanwhile?.(intents);
		await clock.sleepMs(10_000);
		const data = { id: url.split('/').pop(), model: 'm', status: 'processing' };
		return isReadable ? { headers, json: { code: 200, data } } : { headers, statusCode: 401 };
	});
	const client = clientOf(http, clock);
	const intents = new Intents({}, { executionId: 'e1', runIndex: 0, isTool: false });
	const unknown = new UnknownSubmits(client, intents, new LostSubmits(client, intents, undefined));
	await clock.pass(1_000);
	const resolve = async (reportedId: string | undefined, itemIndex: number) => {
		const details = { bodyHash: bodyHash(BODY), model: 'm', prompt: BODY.prompt, size: null, images: [] };
		const intent = intents.startSending(itemIndex, { ...details, fingerprint: 'f', sentAtMs });
		intents.markEnded(intent, clock.nowMs());
		intents.markUnknown(intent, reportedId);
		return await unknown.resolve(itemIndex, intent, null, false).catch(({ kind }: { kind: string }) => kind);
	};
	return await clock.until(Promise.all(reportedIds.map(resolve)));
}

describe('the ID in an error answer', () => {
	it('goes to no other item while Atlas is asked for it', async () => {
		const [a, b] = await resolveAll({ reportedIds: ['p-a', undefined], history: ['p-a', 'p-b'] });
		expect([a, b]).toEqual(['p-a', 'p-b']);
	});

	it('goes to one item if a gateway repeats the same error answer', async () => {
		const [a, b] = await resolveAll({ reportedIds: ['p-a', 'p-a'], history: ['p-a', 'p-b'] });
		expect([a, b]).toEqual(['p-a', 'p-b']);
	});

	it('is not taken if another item reused that prediction while Atlas was asked', async () => {
		const meanwhile = (intents: Intents) => {
			const details = { fingerprint: 'g', bodyHash: '', model: 'm', sentAtMs: 0, prompt: null, size: null };
			const prediction = { predictionId: 'old', status: 'completed', isModerated: false };
			intents.adopt(7, { ...details, images: [] }, prediction as never, true);
		};
		expect(await resolveAll({ reportedIds: ['old'], history: ['p-a'], meanwhile })).toEqual(['p-a']);
	});

	it('is found in the history if Atlas did not answer for it', async () => {
		const story = { reportedIds: ['p-a'], history: ['p-a'], isReadable: false };
		expect(await resolveAll(story)).toEqual(['p-a']);
	});

	it('that nobody can confirm leaves the purchase unknown', async () => {
		expect(await resolveAll({ reportedIds: ['p-x'], history: [], isReadable: false })).toEqual(['unknown']);
	});
});
