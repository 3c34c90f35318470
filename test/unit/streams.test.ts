import { Cancellation } from '../../nodes/AtlasCloud/api/time/clock';
import { Semaphore } from '../../nodes/AtlasCloud/api/time/semaphore';
import { TransportError } from '../../nodes/AtlasCloud/api/http/http';
import {
	LARGE_ANSWER_BYTES,
	UNKNOWN_ANSWER_BYTES,
	peek,
	readAll,
	readPart,
} from '../../nodes/AtlasCloud/api/http/streams';
import { isCollected } from './garbage';
import { VirtualClock } from './virtualClock';

describe('a stream', () => {
	const counted = (count: number, size: number) => {
		const seen = { pieces: 0, isEnded: false };
		return {
			seen,
			chunks: (async function* () {
				try {
					for (let i = 0; i < count; i++) {
						seen.pieces++;
						yield await Promise.resolve(Buffer.alloc(size, i));
					}
				} finally {
					seen.isEnded = true;
				}
			})(),
		};
	};

	it('is read only as far as needed, and then ended', async () => {
		const { seen, chunks } = counted(1_000, 10_000);
		expect((await readPart(chunks, 65_536)).length).toBe(65_536);
		expect(seen).toEqual({ pieces: 7, isEnded: true });
		expect((await readPart(counted(3, 10).chunks, 65_536)).length).toBe(30);
	});

	it.each([
		['its beginning', 5],
		['more', 25],
	])('that was looked into is ended, too, if only %s is read', async (_what, wanted) => {
		const { seen, chunks } = counted(1_000, 10);
		await readPart((await peek(chunks, 15)).chunks, wanted);
		expect(seen.isEnded).toBe(true);
	});

	it.each([
		[0, 5],
		[10, 10],
		[15, 12],
		[29, 5],
		[40, 5],
	])('is read from offset %d for %d bytes', async (offset, wanted) => {
		const all = Buffer.concat([0, 1, 2].map((i) => Buffer.alloc(10, i)));
		expect(await readPart(counted(3, 10).chunks, wanted, offset)).toEqual(
			all.subarray(offset, offset + wanted),
		);
	});

	it('that was read is not kept until the next check of its speed', async () => {
		const limits = {
			clock: new VirtualClock(),
			stallMs: 30_000,
			signal: new Cancellation(),
			maxBytes: 1_000,
		};
		const readOne = async () => {
			const stream = Object.assign(counted(1, 10).chunks, { destroy: () => {} });
			await readAll(stream, limits);
			return { ref: new WeakRef(stream) };
		};
		expect(await isCollected((await readOne()).ref)).toBe(true);
	});

	it('is ended if it stalls', async () => {
		const clock = new VirtualClock();
		let isOver = () => {};
		const over = new Promise<never>((_resolve, reject) => {
			isOver = () => reject(new TransportError('stalled', 'ETIMEDOUT'));
		});
		const stream = {
			destroy: () => isOver(),
			async *[Symbol.asyncIterator]() {
				yield Buffer.from('a');
				await over;
			},
		};
		const startMs = clock.nowMs();
		const reading = readAll(stream, { clock, stallMs: 30_000, signal: undefined, maxBytes: 100 });
		await expect(clock.until(reading)).rejects.toThrow('stalled');
		expect(clock.nowMs() - startMs).toBeLessThan(35_000);
	});
});

describe('large answers', () => {
	const gated = (sizes: number[]) => {
		const state = { pieces: 0, isDestroyed: false, go: () => {} };
		const gate = new Promise<void>((resolve) => (state.go = resolve));
		const stream = {
			destroy: () => (state.isDestroyed = true),
			async *[Symbol.asyncIterator]() {
				for (const size of sizes) {
					state.pieces++;
					yield Buffer.alloc(size);
				}
				await gate;
			},
		};
		return { state, stream };
	};
	const settle = async () => {
		for (let i = 0; i < 50; i++) await Promise.resolve();
	};

	it('are read a few at a time, and do not count as stalled meanwhile', async () => {
		const clock = new VirtualClock();
		const limits = {
			clock,
			stallMs: 30_000,
			signal: undefined,
			maxBytes: 1e9,
			largeAnswers: new Semaphore(2 * UNKNOWN_ANSWER_BYTES),
		};
		const sizes = [LARGE_ANSWER_BYTES, 1, 1];
		const large = [gated(sizes), gated(sizes), gated(sizes)];
		const small = gated([LARGE_ANSWER_BYTES]);
		const read = large.map(async ({ stream }) => await readAll(stream, limits));
		const readSmall = readAll(small.stream, limits);
		await settle();
		expect(large.map(({ state }) => state.pieces)).toEqual([3, 3, 2]);
		small.state.go();
		expect((await readSmall).length).toBe(LARGE_ANSWER_BYTES);
		await clock.until(clock.sleepMs(20_000));
		large[0]!.state.go();
		expect((await read[0])?.length).toBe(LARGE_ANSWER_BYTES + 2);
		await settle();
		expect(large[2]!.state).toMatchObject({ pieces: 3 });
		for (const { state } of large) state.go();
		expect((await Promise.all(read)).map(({ length }) => length)).toEqual(
			Array(3).fill(LARGE_ANSWER_BYTES + 2),
		);
	});

	it('that wait for a permit end with the execution, and do not count as stalled', async () => {
		const clock = new VirtualClock();
		const signal = new Cancellation();
		const permits = new Semaphore(1);
		permits.tryAcquire(1);
		const { state, stream } = gated([LARGE_ANSWER_BYTES + 1, 1]);
		const reading = readAll(stream, {
			clock,
			stallMs: 30_000,
			signal,
			maxBytes: 1e9,
			largeAnswers: permits,
		}).catch((error: unknown) => error);
		await clock.until(clock.sleepMs(120_000));
		expect(state).toMatchObject({ isDestroyed: false, pieces: 1 });
		signal.abort();
		expect(await clock.until(reading)).toMatchObject({ name: 'CancelledError' });
		expect(state.isDestroyed).toBe(true);
	});
});
