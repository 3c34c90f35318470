import { readHistory } from '../../nodes/AtlasCloud/api/predictions/history';
import type { Prediction } from '../../nodes/AtlasCloud/api/predictions/prediction';
import { clientOf, FakeHttp, pathOf } from './fakeHttp';
import { VirtualClock } from './virtualClock';

const row = (id: string, more: object = {}) => ({
	ID: id,
	createdAt: 1_700_000_000,
	model: 'm',
	status: 'completed',
	requestBody: JSON.stringify({ model: 'm', prompt: `prompt of ${id}`, images: ['u'], size: '1*1' }),
	result: { id, status: 'completed', outputs: [`https://cdn.example.com/${id}.png`] },
	...more,
});

async function read(
	page: (no: number, size: number) => unknown,
	{ max = Infinity, maxPages = 40, pageSize = 2 } = {},
) {
	const clock = new VirtualClock();
	const http = new FakeHttp((request) => {
		const query = new URL(request.url).searchParams;
		return { json: { code: 200, data: page(Number(query.get('no')), Number(query.get('size'))) } };
	});
	const tasks: Prediction[] = [];
	const reading = async () => {
		for await (const task of readHistory(clientOf(http, clock), { model: 'm/x' }, maxPages, pageSize)) {
			tasks.push(task);
			if (tasks.length >= max) break;
		}
	};
	await clock.until(reading());
	return { tasks, ids: tasks.map(({ predictionId }) => predictionId), paths: http.requests.map(pathOf) };
}

const all = ['a', 'b', 'c', 'd', 'e'];
const pageOf = (ids: string[]) => (no: number, size: number) => ({
	items: ids.slice((no - 1) * size, no * size).map((id) => row(id)),
	pageNo: no,
	pageSize: size,
	total: ids.length,
});

it('reads page after page, newest first', async () => {
	const { ids, paths } = await read(pageOf(all));
	expect(ids).toEqual(all);
	expect(paths).toEqual([1, 2, 3].map((no) => `/api/v1/model/history?no=${no}&size=2&model=m%2Fx`));
});

it('yields each task once when new ones push it onto the next page', async () => {
	let pages = 0;
	const { ids } = await read((no, size) => {
		const ids = pages++ === 0 ? all : ['new', ...all];
		return pageOf(ids)(no, size);
	});
	expect(ids).toEqual(all);
});

it('reads as many pages as there are', async () => {
	const many = Array.from({ length: 1_001 }, (_, i) => `task-${i}`);
	expect((await read(pageOf(many), { maxPages: 600 })).ids).toEqual(many);
});

it('reads on when Atlas returns fewer rows per page than were asked for', async () => {
	const { ids } = await read((no) => ({ ...pageOf(all)(no, 1), pageSize: 1 }));
	expect(ids).toEqual(all);
});

it('ends when the same page repeats', async () => {
	const { ids, paths } = await read(() => ({ items: [row('a'), row('b')], total: 99 }));
	expect(ids).toEqual(['a', 'b']);
	expect(paths).toHaveLength(6);
});

it('ends without a total at a page that is not full', async () => {
	const { ids, paths } = await read((no, size) => ({ items: pageOf(all)(no, size).items }));
	expect(ids).toEqual(all);
	expect(paths).toHaveLength(3);
});

it('ends at an empty page', async () => {
	const { ids, paths } = await read(() => ({ items: [], total: 9 }));
	expect(ids).toEqual([]);
	expect(paths).toHaveLength(1);
});

it.each([{}, null, { items: null, total: 9 }])('does not take %j for the end', async (page) => {
	await expect(read(() => page)).rejects.toThrow('Couldn’t read the prediction history');
	let asked = 0;
	const { ids } = await read((no, size) => (asked++ === 1 ? page : pageOf(all)(no, size)));
	expect(ids).toEqual(all);
});

it('reads a row', async () => {
	const { tasks } = await read(() => ({ items: [row('a')], total: 1 }));
	expect(tasks[0]).toMatchObject({
		predictionId: 'a',
		status: 'completed',
		prompt: 'prompt of a',
		size: '1*1',
		model: 'm',
		createdAt: '2023-11-14T22:13:20.000Z',
		outputs: [{ url: 'https://cdn.example.com/a.png' }],
	});
});

it.each(['created_at', 'createdAt'])('takes the row’s time if its record’s %s is none', async (name) => {
	const result = { id: 'a', status: 'completed', [name]: '0001-01-01T00:00:00Z' };
	const { tasks } = await read(() => ({ items: [row('a', { result })], total: 1 }));
	expect(tasks[0]?.createdAt).toBe('2023-11-14T22:13:20.000Z');
});

it('skips rows that make no sense', async () => {
	const { ids, tasks } = await read(
		() => ({
			items: [
				null,
				7,
				{},
				row('../x', { result: {} }),
				row('broken-body', { requestBody: '{"model": ' }),
				row('no-result', { result: null, status: 'processing' }),
			],
			total: 6,
		}),
		{ pageSize: 50 },
	);
	expect(ids).toEqual(['broken-body', 'no-result']);
	expect(tasks[1]).toMatchObject({ status: 'processing', outputs: [] });
});

it('is an error when it is too long', async () => {
	await expect(read(pageOf(all), { maxPages: 2 })).rejects.toMatchObject({
		kind: 'read',
		message: 'The prediction history is too long to search: it has more than 4 predictions',
	});
	expect((await read(pageOf(all), { maxPages: 3 })).ids).toEqual(all);
	const endless = (no: number, size: number) => ({
		items: Array.from({ length: size }, (_, i) => row(`task-${no}-${i}`)),
	});
	await expect(read(endless)).rejects.toThrow('it has more than 80 predictions');
});

it('prefers the id in the record to the row’s own', async () => {
	const result = { status: 'completed', outputs: ['https://cdn.example.com/a.png'] };
	const { ids } = await read(
		() => ({
			items: [
				row('1001', { result: { ...result, id: 'a' } }),
				row('1002', { sessionID: 'b', result }),
				row('c', { result }),
				row('d', { result: { ...result, id: 7 } }),
			],
			total: 4,
		}),
		{ pageSize: 50 },
	);
	expect(ids).toEqual(['a', 'b', 'c', 'd']);
});

it('splits a page that is too large, and reads no part ahead of need', async () => {
	const ids = Array.from({ length: 50 }, (_, i) => `task-${i}`);
	const clock = new VirtualClock();
	const http = new FakeHttp((request) => {
		const query = new URL(request.url).searchParams;
		const size = Number(query.get('size'));
		if (size === 50) return { chunks: [Buffer.alloc(16_000_001, 0x20)] };
		const { items } = pageOf(ids)(Number(query.get('no')), size);
		// A short part is not the last one.
		return { json: { code: 200, data: { items: items.filter(({ ID }) => ID !== 'task-15') } } };
	});
	const sizes = () => http.requests.map(({ url }) => Number(new URL(url).searchParams.get('size')));
	const tasks = readHistory(clientOf(http, clock), {}, 1);
	await clock.until(tasks.next());
	expect(sizes()).toEqual([50, 10]);
	const rest: string[] = [];
	const reading = async () => {
		for await (const { predictionId } of tasks) rest.push(predictionId);
	};
	await clock.until(reading());
	expect(rest).toEqual(ids.slice(1).filter((id) => id !== 'task-15'));
	expect(sizes()).toEqual([50, 10, 10, 10, 10, 10]);
});
