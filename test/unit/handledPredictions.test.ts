import { HandledPredictions } from '../../nodes/AtlasCloud/api/webhooks/handledPredictions';
import { deliveredPredictionId } from '../../nodes/AtlasCloud/api/webhooks/deliveredPrediction';

const handling = (result = 'done') => jest.fn(async () => result);

it('handles each prediction once', async () => {
	const handled = new HandledPredictions();
	const handle = handling();
	expect(await handled.once('a', handle)).toBe('done');
	expect(await handled.once('a', handle)).toBeNull();
	expect(await handled.once('b', handle)).toBe('done');
	expect(handle).toHaveBeenCalledTimes(2);
});

it('handles a prediction again if it failed the first time', async () => {
	const handled = new HandledPredictions();
	const failing = async () => await Promise.reject(new Error('down'));
	const first = handled.once('a', failing);
	const second = handled.once('a', handling());
	await expect(first).rejects.toThrow('down');
	await expect(second).rejects.toThrow('Another delivery of the same event couldn’t be handled');
	expect(await handled.once('a', handling())).toBe('done');
});

it('remembers what was handled before a restart, and the newest of it', async () => {
	const handled = new HandledPredictions();
	handled.restore(['a', 'b']);
	await handled.once('c', handling());
	expect(await handled.once('a', handling())).toBeNull();
	expect(handled.newest(2)).toEqual(['b', 'c']);
});

it('handles again what was forgotten, although another call stored it meanwhile', async () => {
	const handled = new HandledPredictions();
	await handled.once('a', handling());
	const stored = handled.newest(1);
	handled.forget('a');
	handled.restore(stored);
	expect(await handled.once('a', handling())).toBe('done');
	expect(await handled.once('a', handling())).toBeNull();
});

it('forgets the oldest of more than ten thousand', async () => {
	const handled = new HandledPredictions();
	handled.restore(Array.from({ length: 10_001 }, (_, i) => `p${i}`));
	expect(await handled.once('p1', handling())).toBeNull();
	expect(await handled.once('p0', handling())).toBe('done');
});

it.each([
	['{"session_id":"p1","payload":{"id":"p2"}}', 'p1'],
	['{"payload":{"id":"p2"}}', 'p2'],
	['{"session_id":"../models"}', null],
	['{"session_id":7}', null],
	['[]', null],
	['not json', null],
])('reads which prediction %s is about', (body, id) => {
	expect(deliveredPredictionId(Buffer.from(body))).toBe(id);
});
