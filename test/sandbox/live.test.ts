import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LiveApi, type LiveClock } from '../../scripts/live/api';
import { checkEverything } from '../../scripts/live/checks';
import { tryDefaultsWith } from '../../scripts/live/defaults';
import { Purse } from '../../scripts/live/purse';
import { writeReport } from '../../scripts/live/report';
import sharp from 'sharp';
import { freePorts } from '../../scripts/n8n/ports';
import { startSandbox, type SandboxOptions } from '../../sandbox';

const PHOTO = join(__dirname, '..', '..', 'examples', 'photo.jpg');
const KEY = 'key-of-a-person-0123456789';

/** Time that passes only while no request is on its way and no image is made. */
class IdleTime implements LiveClock {
	private timeMs = Date.now();

	private sleepers: Array<{ atMs: number; wake: () => void }> = [];

	private inFlight = 0;

	nowMs(): number {
		return this.timeMs;
	}

	async sleepMs(ms: number): Promise<void> {
		await new Promise<void>((wake) => this.sleepers.push({ atMs: this.timeMs + ms, wake }));
	}

	readonly fetch: typeof fetch = async (...request) => {
		this.inFlight++;
		try {
			const response = await fetch(...request);
			return new Response(await response.arrayBuffer(), response);
		} finally {
			this.inFlight--;
		}
	};

	async until<T>(work: Promise<T>): Promise<T> {
		let isDone = false;
		const observed = work.finally(() => (isDone = true));
		observed.catch(() => {});
		while (!isDone) {
			await new Promise((resolve) => setTimeout(resolve, 1));
			if (!this.isBusy()) this.next();
		}
		return await observed;
	}

	private isBusy(): boolean {
		const { queue, process: running } = sharp.counters();
		return this.inFlight + queue + running > 0;
	}

	private next(): void {
		const atMs = Math.min(...this.sleepers.map((sleeper) => sleeper.atMs));
		const due = this.sleepers.filter((sleeper) => sleeper.atMs <= atMs);
		this.sleepers = this.sleepers.filter((sleeper) => sleeper.atMs > atMs);
		if (due.length > 0) this.timeMs = Math.max(this.timeMs, atMs);
		for (const { wake } of due) wake();
	}
}

/** The report on a sandbox with these facts: what was seen, by question. */
async function reportOn(facts: SandboxOptions, { limitUsd = 0.2, triesDefaults = true } = {}) {
	const clock = new IdleTime();
	const sandbox = await startSandbox({ apiKey: KEY, clock, ...facts });
	const [port] = await freePorts(1);
	try {
		const api = new LiveApi(sandbox.baseUrl, KEY, clock, clock.fetch);
		const purse = new Purse(limitUsd);
		const checks = checkEverything({
			api,
			purse,
			photo: await readFile(PHOTO),
			tryDefaults: triesDefaults
				? tryDefaultsWith({ apiKey: KEY, baseUrl: sandbox.baseUrl }, PHOTO)
				: async () => await Promise.resolve({ calculateStatus: null, result: 'not tried' }),
			limits: { pollEveryMs: 500, predictionSeconds: 60, afterwardsSeconds: 40 },
			webhook: { url: `http://127.0.0.1:${port}/called`, port, waitSeconds: 60 },
			log: () => {},
		});
		const found = await clock.until(checks);
		const head = {
			date: new Date(0),
			version: '1.2.3',
			host: 'sandbox',
			quotedUsd: purse.spentUsd,
			key: KEY,
		};
		const seen = new Map(found.map(({ question, seen: what }) => [question, what]));
		return { seen, report: writeReport(found, head), ledger: sandbox.ledger };
	} finally {
		await sandbox.close();
	}
}

const AS_ASSUMED: SandboxOptions = { webhooks: { allowLoopback: true, redeliverAfterSeconds: [1] } };

const ALL_OTHERWISE: SandboxOptions = {
	webhooks: { allowLoopback: true, redeliverAfterSeconds: [20] },
	keepUploadNames: true,
	warmUp: { seconds: 2, status: 400 },
	price: { afterSeconds: 15, as: 'number' },
	history: {
		delaySeconds: 1,
		lagSeconds: 10,
		createdAtUnit: 'iso',
		withoutResult: true,
		ignoresFilters: true,
		maxPageSize: 1,
	},
	clockSkewSeconds: 100,
	chargeFailedTasks: true,
	base64Form: 'bare',
	accountMarkup: 1.2,
	faults: [
		{
			endpoint: 'quote',
			times: Infinity,
			match: 'seedream-v4.5/edit"',
			action: { type: 'status', status: 400 },
		},
		{
			endpoint: 'quote',
			times: Infinity,
			match: '7*7',
			action: { type: 'status', status: 200, body: { data: { price: 1 } } },
		},
		{ endpoint: 'submit', nth: 2, action: { type: 'patchResult', patch: { status: 'succeeded' } } },
	],
};

/** A question, and what is seen of it as assumed, and otherwise. */
const DIFFERENCES: Array<[question: string, asAssumed: RegExp, otherwise: RegExp]> = [
	['Does an upload keep its name?', /^no$/, /^yes$/],
	['Does `calculate` refuse a size that cannot be?', /^yes: 400/, /^no: \$1 /],
	[
		'Untouched defaults of the node with bytedance/seedream-v4.5/edit',
		/`calculate`: 200/,
		/`calculate`: 400/,
	],
	['Is a new prediction visible at once?', /^yes$/, /^no: 400 until after \d/],
	['Which statuses, in which order?', /processing.*completed/, /succeeded/],
	['When is the price published?', /^with the end, as a string/, /^after 1\d s more, as a number/],
	['Is a failed one charged?', /^no/, /^yes: .*\$0\.0324/],
	[
		'And with `enable_base64_output`?',
		/^a data URI of image\/png, png 1024 × 1024/,
		/^bare base64, png 1024 × 1024/,
	],
	['When does a new prediction appear?', /^at once$/, /^after [1-3]\.\d s$/],
	[
		'How long after a poll does its row say that it is over?',
		/^(at once|before a poll did|after 0\.\d s)$/,
		/^after (9\.\d|1\d) ?s$/,
	],
	['Does the row carry the outputs?', /^yes, as in the poll$/, /^no `result`$/],
	['What is `createdAt`?', /^unix seconds$/, /^a text$/],
	['Is `sessionID` honored?', /^yes \(rows: 1\)$/, /^no /],
	['Is `size` honored?', /^asked for 50: [2-4] rows of \d/, /^asked for 50: 1 rows/],
	[
		'How far is the `Date` header ahead of this machine’s clock?',
		/^-?[0-4]\.\d to -?[0-4]\.\d s/,
		/^(9[6-9]|10[0-4])\.\d to (9[6-9]|10[0-4])\.\d s/,
	],
	['When does it come again after a 500?', /^after [1-4]\.\d s$/, /^after 2\d s$/],
	['Is its Ed25519 signature right?', /^yes$/, /^yes$/],
];

describe('npm run live', () => {
	let assumed: Awaited<ReturnType<typeof reportOn>>;
	let otherwise: Awaited<ReturnType<typeof reportOn>>;

	beforeAll(async () => {
		assumed = await reportOn(AS_ASSUMED);
		otherwise = await reportOn(ALL_OTHERWISE);
	});

	it.each(DIFFERENCES)('%s', (question, asAssumed, seenOtherwise) => {
		expect(assumed.seen.get(question)).toMatch(asAssumed);
		expect(otherwise.seen.get(question)).toMatch(seenOtherwise);
	});

	it('tells neither the key nor an ID nor a link', () => {
		for (const { report, ledger } of [assumed, otherwise]) {
			expect(report).not.toContain(KEY);
			for (const id of ledger.predictions.keys()) expect(report).not.toContain(id);
			expect(report).not.toMatch(/https?:\/\//);
		}
	});

	it('buys four small edits', () => {
		expect(assumed.ledger.predictions.size).toBe(4);
		expect(assumed.ledger.charges.reduce((total, { priceUsd }) => total + priceUsd, 0)).toBeLessThan(0.2);
	});

	it('buys nothing over its limit, or of an unknown price', async () => {
		const tooDear = await reportOn(AS_ASSUMED, { limitUsd: 0.02, triesDefaults: false });
		expect(tooDear.ledger.predictions.size).toBe(0);
		expect(tooDear.report).toContain('would pass $0.02');
		const quotes = { endpoint: 'quote', times: Infinity, action: { type: 'status', status: 500 } } as const;
		const unknown = await reportOn({ ...AS_ASSUMED, faults: [quotes] }, { triesDefaults: false });
		expect(unknown.ledger.predictions.size).toBe(0);
		expect(unknown.report).toContain('its price is not known');
	});
});
