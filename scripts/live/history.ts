/* What the account’s history shows, how soon, and which of its parameters it honors. */
import { asObject, asString, canonicalJson, parseJson } from '../../nodes/AtlasCloud/api/json';
import { describeRefusal, itemsOf, type LiveApi } from './api';
import { factsOf, seconds, type Fact } from './facts';
import { outputsOf, rowResult, type Watched } from './prediction';

const TOPIC = 'History';

export async function checkHistory(api: LiveApi, watched: Watched): Promise<Fact[]> {
	const { history } = watched;
	if (history.firstSeenMs === null || !history.row) {
		return factsOf(TOPIC, ['When does a new prediction appear?', 'at once', 'never, while it was watched']);
	}
	return [...describeRow(watched, history.row), ...(await checkParameters(api, watched))];
}

function describeRow(watched: Watched, row: Record<string, unknown>): Fact[] {
	const { history, endedMs } = watched;
	const sent = canonicalJson(watched.body);
	const text = asString(row.requestBody);
	const stored = asObject(parseJson(text ?? ''));
	const result = rowResult(watched);
	const bodyFact = () => {
		if (text === null) return 'missing';
		if (!stored) return `not JSON, ${text.length} characters`;
		if (canonicalJson(stored) === sent)
			return text === JSON.stringify(watched.body) ? 'yes, to the letter' : 'yes, in another order';
		return `no: fields ${Object.keys(stored).join(', ')}`;
	};
	const lag = () => {
		if (history.endedMs === null) return 'it still did not when watching ended';
		if (endedMs === null) return 'it did, before a poll did';
		return history.endedMs >= endedMs ? seconds(history.endedMs - endedMs) : 'before a poll did';
	};
	const resultFact = () => {
		if (!result) return 'no `result`';
		const inRow = JSON.stringify(result.outputs ?? null);
		return inRow === JSON.stringify(outputsOf(watched))
			? 'yes, as in the poll'
			: `others: ${inRow.length} characters`;
	};
	return factsOf(
		TOPIC,
		['When does a new prediction appear?', 'at once', seconds(history.firstSeenMs ?? 0)],
		['How long after a poll does its row say that it is over?', 'at once', lag()],
		['Which statuses did the row go through?', '', history.sightings.map(({ status }) => status).join(', ')],
		['Does the row carry the outputs?', 'yes', resultFact()],
		['Is `requestBody` what was sent?', 'yes', bodyFact()],
		['What is `createdAt`?', 'unix seconds', describeTime(row.createdAt)],
	);
}

function describeTime(value: unknown): string {
	if (value === undefined || value === null) return 'missing';
	if (typeof value === 'number') return value > 1e11 ? 'unix milliseconds' : 'unix seconds';
	return typeof value === 'string' && Number.isNaN(Number(value)) ? 'a text' : 'a number in a text';
}

async function checkParameters(api: LiveApi, { id, history }: Watched): Promise<Fact[]> {
	const model = String(history.row?.model);
	const read = async (query: string) => {
		const answer = await api.call(`/api/v1/model/history?${query}`);
		return { answer, items: itemsOf(answer) };
	};
	const single = await read(`no=1&size=10&sessionID=${id}`);
	const ofModel = await read(`no=1&size=50&model=${encodeURIComponent(model)}`);
	const completed = await read('no=1&size=50&status=completed');
	const large = await read('no=1&size=50');
	const [first, second] = [await read('no=1&size=2'), await read('no=2&size=2')];
	const honors = (isRight: boolean, { answer, items }: typeof single) =>
		answer.status !== 200
			? describeRefusal(answer)
			: isRight
				? `yes (rows: ${items.length})`
				: `no (rows: ${items.length})`;
	const times = large.items.map(({ createdAt }) => Number(createdAt));
	const firstIds = first.items.map(({ ID }) => ID);
	return factsOf(
		TOPIC,
		[
			'Is `sessionID` honored?',
			'yes',
			honors(single.items.length === 1 && single.items[0].ID === id, single),
		],
		[
			'Is `model` honored?',
			'yes',
			honors(
				ofModel.items.every((row) => row.model === model),
				ofModel,
			),
		],
		[
			'Is `status=completed` honored?',
			'yes',
			honors(
				completed.items.every(({ status }) => status === 'completed'),
				completed,
			),
		],
		[
			'Is `size` honored?',
			'yes, up to 50',
			`asked for 50: ${large.items.length} rows of ${String(large.answer.data.total)}; asked for 2: ${first.items.length}`,
		],
		[
			'Do pages go on without repeating?',
			'yes',
			second.items.some(({ ID }) => firstIds.includes(ID)) ? 'no' : 'yes',
		],
		[
			'Is it sorted, newest first?',
			'yes',
			times.every((time, i) => i === 0 || time <= times[i - 1]) ? 'yes' : 'no',
		],
	);
}
