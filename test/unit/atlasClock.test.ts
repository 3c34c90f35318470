import { AtlasClock, type TimedAnswer } from '../../nodes/AtlasCloud/api/time/atlasClock';

const NOON = Date.parse('2026-01-01T12:00:00Z');
const MINUTE = 60_000;

/** An answer that came at `atMs` on our clock, of an Atlas whose clock is so far ahead. */
function answerAt(clock: AtlasClock, atMs: number, aheadMs: number, tookMs = 100): TimedAnswer {
	const sentAtMs = atMs - tookMs;
	const date = new Date(Math.floor((atMs + aheadMs) / 1_000) * 1_000).toUTCString();
	return { sentAtMs, receivedAtMs: atMs, dateMs: clock.observe(date, sentAtMs, atMs) };
}

/** A clock that has seen answers, each so many seconds ahead. */
function clockOf(...aheadSeconds: number[]): AtlasClock {
	const clock = new AtlasClock();
	for (const [i, seconds] of aheadSeconds.entries()) answerAt(clock, NOON + i * MINUTE, seconds * 1_000);
	return clock;
}

/** Between which seconds before and after noon a time of Atlas's, at noon by its clock, is. */
function around(clock: AtlasClock, span: 'likely' | 'possible'): [number, number] | null {
	const found = clock.toOurClock(NOON)[span];
	return found && [Math.round((found.fromMs - NOON) / 1_000), Math.round((found.toMs - NOON) / 1_000)];
}

describe('a time of Atlas’s on our clock', () => {
	it.each<[string, number[], [number, number] | null, [number, number]]>([
		['no answer has a date: our clock has to do', [], [-5, 6], [-5, 6]],
		['all agree with our clock', [0, 0, 0], [-2, 1], [-2, 1]],
		['one is ten minutes off', [0, 0, 600, 0], [-2, 1], [-2, 1]],
		['one of three is hours off', [-7_200, 0, 0], [-2, 1], [-2, 1]],
		['all agree, and differ from ours: they or we may be wrong', [90, 90, 90], [-92, -89], [-91, 6]],
		['all are 20 s off', [20, 20, 20, 20], [-22, -19], [-21, 6]],
		['they contradict each other', [0, 0, 600, 600], null, [-601, 6]],
	])('%s', (_what, ahead, likely, possible) => {
		const clock = clockOf(...ahead);
		expect(around(clock, 'likely')).toEqual(likely);
		expect(around(clock, 'possible')).toEqual(possible);
	});

	it('is as sure after slow answers', () => {
		const clock = clockOf(0, 0, 0);
		for (let i = 0; i < 6; i++) answerAt(clock, NOON, 0, 40_000);
		expect(around(clock, 'likely')).toEqual([-2, 1]);
	});
});

it('tells an answer whose clock contradicts the others', () => {
	const clock = clockOf(0, 0, 0);
	expect(clock.isPlausible(answerAt(clock, NOON, 0))).toBe(true);
	expect(clock.isPlausible({ sentAtMs: NOON, receivedAtMs: NOON, dateMs: null })).toBe(true);
	expect(clock.isPlausible(answerAt(clock, NOON, -10 * MINUTE))).toBe(false);
});

it.each([undefined, '', 'nonsense'])('treats %p as no date', (header) => {
	const clock = new AtlasClock();
	expect(clock.observe(header, NOON, NOON)).toBeNull();
	expect(clock.offsetMs).toBeNull();
});
