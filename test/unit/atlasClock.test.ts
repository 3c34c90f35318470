import { AtlasClock, type TimedAnswer } from '../../nodes/AtlasCloud/api/time/atlasClock';

const NOON = Date.parse('2026-01-01T12:00:00Z');
const MINUTE = 60_000;

/** An answer that came at `atMs` on our clock, of an Atlas whose clock is so far ahead. */
function answerAt(clock: AtlasClock, atMs: number, aheadMs: number, tookMs = 100): TimedAnswer {
	const sentAtMs = atMs - tookMs;
	const date = new Date(Math.floor((atMs + aheadMs) / 1_000) * 1_000).toUTCString();
	return { sentAtMs, receivedAtMs: atMs, dateMs: clock.observe(date, sentAtMs, atMs) };
}

describe('Atlas’s clock', () => {
	it('is converted to our clock as precisely as the answer allows', () => {
		const clock = new AtlasClock();
		const answer = answerAt(clock, NOON, 5 * MINUTE);
		const span = clock.toOurClock(NOON + 5 * MINUTE - 10_000, answer);
		expect(span?.fromMs).toBeLessThanOrEqual(NOON - 10_000);
		expect(span?.toMs).toBeGreaterThanOrEqual(NOON - 10_000);
		expect((span?.toMs ?? 0) - (span?.fromMs ?? 0)).toBeLessThan(3_000);
	});

	it('is the median of the answers: one that is ten minutes ahead has no effect', () => {
		const clock = new AtlasClock();
		for (const minute of [0, 1, 2]) answerAt(clock, NOON + minute * MINUTE, 0);
		answerAt(clock, NOON + 3 * MINUTE, 10 * MINUTE);
		expect(Math.abs(clock.offsetMs ?? Infinity)).toBeLessThan(1_000);
	});

	it.each([-10, 10])('ignores an answer whose clock is %d minutes off the others’', (minutes) => {
		const clock = new AtlasClock();
		for (const minute of [0, 1, 2]) answerAt(clock, NOON + minute * MINUTE, 0);
		const odd = answerAt(clock, NOON + 3 * MINUTE, minutes * MINUTE);
		expect(clock.toOurClock(NOON - 20 * MINUTE, odd)).toBeNull();
	});

	it('ignores an answer that reports the future', () => {
		const clock = new AtlasClock();
		const stale = answerAt(clock, NOON, -10 * MINUTE);
		expect(clock.toOurClock(NOON, stale)).toBeNull();
	});

	it.each([undefined, '', 'nonsense'])('treats %p as no date, and our own clock as Atlas’s', (header) => {
		const clock = new AtlasClock();
		expect(clock.observe(header, NOON, NOON)).toBeNull();
		expect(clock.offsetMs).toBeNull();
		const span = clock.toOurClock(NOON, { sentAtMs: NOON, receivedAtMs: NOON, dateMs: null });
		expect(span).toEqual({ fromMs: NOON - 5_000, toMs: NOON + 6_000 });
	});
});
