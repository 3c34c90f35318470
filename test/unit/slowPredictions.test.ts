import { Durations } from '../../nodes/AtlasCloud/api/predictions/durations';
import { firstPollMs, nextPollMs } from '../../nodes/AtlasCloud/api/predictions/pollTimes';
import { PredictionPoller } from '../../nodes/AtlasCloud/api/predictions/poller';
import { clientOf, FakeHttp } from './fakeHttp';
import { VirtualClock } from './virtualClock';

/* How soon the end of a video is noticed, and how many polls it costs. */

/** How long each video takes, as a share of the usual time: a fifth more or less, the same numbers each time. */
function shareOf(number: number): number {
	return 0.8 + (((number * 7_919) % 1_000) / 1_000) * 0.4;
}

interface Outcome {
	/** Seconds between a video's end and its being noticed. */
	lag: number;
	polls: number;
}

class Videos {
	readonly clock = new VirtualClock();

	private readonly endsMs = new Map<string, number>();

	private readonly secondsOf = new Map<string, number>();

	private readonly pollsOf = new Map<string, number>();

	private readonly http = new FakeHttp(({ url }) => {
		const id = url.split('/').at(-1) ?? '';
		this.pollsOf.set(id, (this.pollsOf.get(id) ?? 0) + 1);
		const isOver = this.clock.nowMs() >= (this.endsMs.get(id) ?? Infinity);
		const done = {
			status: 'completed',
			outputs: ['https://c.example.com/a.mp4'],
			metrics: { predict_time: this.secondsOf.get(id) },
		};
		return { json: { data: { id, ...(isOver ? done : { status: 'processing', outputs: null }) } } };
	});

	private readonly poller = new PredictionPoller(clientOf(this.http, this.clock));

	async make(number: number, seconds: number): Promise<Outcome> {
		const predictionId = `p${number}`;
		const sentAtMs = this.clock.nowMs();
		const itsSeconds = seconds * shareOf(number);
		const endMs = sentAtMs + itsSeconds * 1_000;
		this.secondsOf.set(predictionId, itsSeconds);
		this.endsMs.set(predictionId, endMs);
		const deadlineMs = sentAtMs + 1_800_000;
		const request = { predictionId, model: 'video', sentAtMs, deadlineMs, signal: undefined };
		const prediction = await this.poller.waitUntilCompleted(request);
		expect(prediction?.status).toBe('completed');
		return { lag: (this.clock.nowMs() - endMs) / 1_000, polls: this.pollsOf.get(predictionId) ?? 0 };
	}
}

/** Makes videos, so many at once. @returns the means over those from number `from` on */
async function means(
	seconds: number,
	{ count, atOnce, from = 0 }: { count: number; atOnce: number; from?: number },
) {
	const videos = new Videos();
	const outcomes: Outcome[] = [];
	let next = 0;
	const oneAfterAnother = async () => {
		while (next < count) {
			const number = next++;
			outcomes[number] = await videos.make(number, seconds);
		}
	};
	await videos.clock.until(Promise.all(Array.from({ length: atOnce }, oneAfterAnother)));
	const counted = outcomes.slice(from);
	const meanOf = (key: keyof Outcome) =>
		counted.reduce((sum, outcome) => sum + outcome[key], 0) / counted.length;
	return { lag: meanOf('lag'), polls: meanOf('polls') };
}

describe('once a few of a model have ended', () => {
	it.each([1, 20])(
		'a video of five minutes is noticed within 5 s, with at most 8 polls: %d at once',
		async (atOnce) => {
			const { lag, polls } = await means(300, { count: 100, atOnce, from: 20 });
			expect(lag).toBeLessThan(5);
			expect(polls).toBeLessThanOrEqual(8);
		},
	);

	it.each([60, 120, 180, 240, 450, 600])(
		'a video of %d s is noticed soon, with at most 8 polls',
		async (seconds) => {
			const { lag, polls } = await means(seconds, { count: 100, atOnce: 10, from: 20 });
			expect(lag).toBeLessThan(Math.max(5, 0.017 * seconds));
			expect(polls).toBeLessThanOrEqual(8);
		},
	);
});

it.each([60, 300, 600])('videos of %d s cost few polls from the second one on', async (seconds) => {
	const { polls } = await means(seconds, { count: 40, atOnce: 1, from: 1 });
	expect(polls).toBeLessThanOrEqual(8);
});

it.each([60, 120, 300, 450, 600])(
	'a video of %d s by itself is noticed within 15% of its time',
	async (seconds) => {
		const { lag, polls } = await means(seconds, { count: 1, atOnce: 1 });
		expect(lag).toBeLessThan(0.15 * seconds);
		expect(polls).toBeLessThan(50);
	},
);

it('no poll is sent twice at the same time', () => {
	const durations = new Durations();
	for (const ms of [265_800.3, 280_000.7, 301_234.5]) durations.add(ms);
	const firstMs = firstPollMs(durations, 8);
	expect(nextPollMs(durations, firstMs - 1e-6, 8)).toBeGreaterThan(firstMs + 1_000);
});
