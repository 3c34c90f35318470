import { Durations } from '../../nodes/AtlasCloud/api/predictions/durations';
import { firstPollMs, nextPollMs } from '../../nodes/AtlasCloud/api/predictions/pollTimes';
import { PredictionPoller } from '../../nodes/AtlasCloud/api/predictions/poller';
import { clientOf, FakeHttp, type FakeAnswer } from './fakeHttp';
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

const MODEL = 'bytedance/seedance-v1.5-pro/text-to-video';

interface VideosOptions {
	/** Identifies the account, where durations outlive a run. */
	account?: string;
	/** Durations of earlier videos in the history, in seconds. */
	history?: number[];
	/** How many hours later than others it runs. */
	hoursLater?: number;
	/** Any other is not known to make videos. */
	model?: string;
}

class Videos {
	readonly clock: VirtualClock;

	historyRequests = 0;

	private readonly endsMs = new Map<string, number>();

	private readonly secondsOf = new Map<string, number>();

	private readonly pollsOf = new Map<string, number>();

	private readonly http = new FakeHttp(({ url }) => {
		if (url.includes('/history')) return this.historyPage();
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

	private readonly poller: PredictionPoller;

	constructor(private readonly options: VideosOptions = {}) {
		this.clock = new VirtualClock(1_700_000_000_000 + (options.hoursLater ?? 0) * 3_600_000);
		this.poller = new PredictionPoller(clientOf(this.http, this.clock), options.account);
	}

	private get model(): string {
		return this.options.model ?? 'video';
	}

	private historyPage(): FakeAnswer {
		this.historyRequests++;
		const { history } = this.options;
		if (!history) return { statusCode: 403, json: { code: 403, msg: 'no' } };
		const items = history.map((seconds, index) => {
			// Of another clock, an hour off.
			const createdMs = this.clock.nowMs() - 3_600_000 - index * 1_000_000;
			const result = {
				id: `old${index}`,
				status: 'completed',
				created_at: new Date(createdMs).toISOString(),
				completed_at: new Date(createdMs + seconds * 1_000).toISOString(),
				metrics: { predict_time: seconds - 1 },
			};
			return {
				ID: `old${index}`,
				model: this.model,
				createdAt: Math.floor(createdMs / 1_000),
				requestBody: '{}',
				result,
			};
		});
		return { json: { code: 200, data: { items, pageNo: 1, pageSize: 20, total: 1_000 } } };
	}

	async make(number: number, seconds: number): Promise<Outcome> {
		const predictionId = `p${number}`;
		const sentAtMs = this.clock.nowMs();
		const itsSeconds = seconds * shareOf(number);
		const endMs = sentAtMs + itsSeconds * 1_000;
		this.secondsOf.set(predictionId, itsSeconds);
		this.endsMs.set(predictionId, endMs);
		const deadlineMs = sentAtMs + 1_800_000;
		const request = { predictionId, model: this.model, sentAtMs, deadlineMs, signal: undefined };
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

/** A run with one video in it. */
async function single(seconds: number, number: number, options: VideosOptions) {
	const videos = new Videos(options);
	const outcome = await videos.clock.until(videos.make(number, seconds));
	return { ...outcome, historyRequests: videos.historyRequests };
}

/** The means over runs that each make one video, of random lengths. */
async function meansOfRuns(seconds: number, optionsOf: (run: number) => VideosOptions) {
	const outcomes: Array<Awaited<ReturnType<typeof single>>> = [];
	for (let run = 0; run < 60; run++) outcomes.push(await single(seconds, run, optionsOf(run)));
	const meanOf = (key: keyof Outcome) =>
		outcomes.reduce((sum, outcome) => sum + outcome[key], 0) / outcomes.length;
	return { lag: meanOf('lag'), polls: meanOf('polls'), outcomes };
}

describe('a run with a single video of five minutes', () => {
	const lengths = Array.from({ length: 20 }, (_, index) => 300 * shareOf(index + 1));

	it('costs at most 15 polls and is noticed within 15 s when nothing like it has ever been seen', async () => {
		const { lag, polls } = await meansOfRuns(300, () => ({ model: MODEL }));
		expect(polls).toBeLessThanOrEqual(15);
		expect(lag).toBeLessThanOrEqual(15);
	});

	it('costs at most 8 polls and is noticed within 5 s when the history holds others', async () => {
		const { lag, polls, outcomes } = await meansOfRuns(300, () => ({ model: MODEL, history: lengths }));
		expect(polls).toBeLessThanOrEqual(8);
		expect(lag).toBeLessThanOrEqual(5);
		expect(outcomes.every(({ historyRequests }) => historyRequests === 1)).toBe(true);
	});

	it('costs at most 8 polls and is noticed within 5 s once earlier runs of the process have made some', async () => {
		const account = 'makes videos';
		for (let run = 0; run < 20; run++) await single(300, run, { model: MODEL, account });
		const { lag, polls, outcomes } = await meansOfRuns(300, () => ({ model: MODEL, account }));
		expect(polls).toBeLessThanOrEqual(8);
		expect(lag).toBeLessThanOrEqual(5);
		expect(outcomes.every(({ historyRequests }) => historyRequests === 0)).toBe(true);
	});

	it('is polled early once, in case what is known is of another day', async () => {
		const account = 'was slow once';
		for (let run = 0; run < 20; run++) await single(300, run, { model: MODEL, account });
		const quick = await single(30, 1, { model: MODEL, account, hoursLater: 24 });
		expect(quick.lag).toBeLessThan(120);
		const next = await single(30, 2, { model: MODEL, account, hoursLater: 25 });
		expect(next.lag).toBeLessThan(10);
	});

	it('asks for the history only once it is too slow for an edit, where the model does not tell', async () => {
		const model = 'any/model';
		expect((await single(10, 1, { model, history: lengths })).historyRequests).toBe(0);
		const { historyRequests, polls, lag } = await single(300, 3, { model, history: lengths });
		expect(historyRequests).toBe(1);
		expect(polls).toBeLessThan(35);
		expect(lag).toBeLessThan(15);
	});

	it('keeps accounts apart', async () => {
		await single(300, 1, { model: MODEL, account: 'one' });
		expect((await single(300, 1, { model: MODEL, account: 'another' })).historyRequests).toBe(1);
	});
});
