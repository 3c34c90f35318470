/** What is aimed at: the mean delay is about half a step, and is to stay under a twentieth of the prediction's time. */
const STEP = 0.06;
/** Looks that one prediction is worth: enough for that step where times differ by half from the quickest to the slowest. */
const POLLS_PER_PREDICTION = 3.9;
const MIN_STEP_MS = 150;
/** As long as so few have ended, their times say little of how much times differ. */
const FEW = 5;
const SPREAD_OF_FEW = 0.4;

/** How much later each look is past the slowest known. */
const LATE_STEP = 0.25;

/** The first look where nothing is known: edits take 1.4 to 10 seconds [S]. */
const FIRST_BLIND_MS = 1_000;
/** Between two looks of a scout that is alone, as a share of the time elapsed. */
const BLIND_STEP = 0.14;
/** Scouts that are more take shorter steps together, each of them longer ones. */
const SHARING = 0.35;
const PATIENT_MS = 60_000;

/** How many of a batch find out for the others how long an edit takes. */
export const MAX_SCOUTS = 8;

/** One of those that find out how long an edit takes. */
export interface Scout {
	/** From 0. */
	number: number;
	/** Of how many. */
	count: number;
}

/**
 * When to look while no prediction of the run has ended. A few scouts find out how long it takes; the others leave it
 * to them, and look themselves only in case the scouts are slow ones. The more scouts, the farther apart each one's
 * looks, and the closer together those of all: they take turns.
 * @param elapsedMs since the submit
 * @returns ms after the submit, later than `elapsedMs`
 */
export function blindLookMs(elapsedMs: number, scout: Scout | null): number {
	if (!scout) return elapsedMs < PATIENT_MS ? PATIENT_MS : elapsedMs * 2;
	const { number, count } = scout;
	// Each turn is a share later than the one before. Rounding must not give out the turn that has just been taken.
	const rate = Math.log1p(BLIND_STEP / count ** SHARING);
	const next =
		elapsedMs < FIRST_BLIND_MS ? 0 : Math.floor(Math.log(elapsedMs / FIRST_BLIND_MS) / rate + 1e-6) + 1;
	const turn = next + ((((number - next) % count) + count) % count);
	return FIRST_BLIND_MS * Math.exp(turn * rate);
}

/**
 * How long predictions of one model take, learned from those of this run. Times are ms from the submit to the
 * prediction's end.
 */
export class Durations {
	/** In the order they came. */
	private samples: number[] = [];

	private sorted: number[] = [];

	get count(): number {
		return this.samples.length;
	}

	/** Adds a finished prediction. The last hundred count: a service's mood changes over a long batch. */
	add(durationMs: number): void {
		this.samples.push(durationMs);
		if (this.samples.length > 100) this.samples.shift();
		this.sorted = [...this.samples].sort((a, b) => a - b);
	}

	/** @throws where {@link count} is 0 */
	get medianMs(): number {
		return this.quantile(0.5);
	}

	private quantile(share: number): number {
		const at = Math.min(1, Math.max(0, share)) * (this.sorted.length - 1);
		const below = this.sorted[Math.floor(at)];
		return below + (at - Math.floor(at)) * (this.sorted[Math.ceil(at)] - below);
	}

	/** How far the quickest and the slowest are apart, roughly. */
	private get spreadMs(): number {
		const seen = (this.quantile(0.9) - this.quantile(0.1)) / 0.8;
		return this.count < FEW ? Math.max(seen, SPREAD_OF_FEW * this.medianMs) : seen;
	}

	/**
	 * When to look next, where {@link count} is not 0.
	 *
	 * Were times spread evenly over `s`, a first look when a share `q` is done and further ones every `d` would delay
	 * by `q² s / 2 + (1 − q) d / 2` and cost `1 + (1 − q) / 2 + (1 − q)² s / 2d` looks. So the fewer looks there are,
	 * the later the first one.
	 * @param elapsedMs since the submit
	 * @param pollsPerPrediction what each prediction may cost, so that all together stay within the rate of looks
	 * @returns ms after the submit; not later than `elapsedMs` where a look is due
	 */
	nextPollMs(elapsedMs: number, pollsPerPrediction: number, isFirst: boolean): number {
		const looks = Math.min(POLLS_PER_PREDICTION, pollsPerPrediction);
		const share = shareDone(looks);
		const firstMs = this.quantile(share);
		if (isFirst || elapsedMs < firstMs) return firstMs;
		const left = Math.max(0.1, looks - 1 - (1 - share) / 2);
		const evenMs = ((1 - share) ** 2 * this.spreadMs) / 2 / left;
		const stepMs = Math.max(MIN_STEP_MS, STEP * this.medianMs, evenMs);
		const slowestMs = this.sorted[this.sorted.length - 1];
		return elapsedMs + Math.max(stepMs, LATE_STEP * (elapsedMs - slowestMs));
	}
}

/** The best time for the first of so many looks, as the share of predictions that are done by then. */
function shareDone(looks: number): number {
	const [most, few, one] = [0.2, 0.4, 0.95];
	if (looks >= POLLS_PER_PREDICTION) return most;
	if (looks >= 2) return few + ((looks - 2) / (POLLS_PER_PREDICTION - 2)) * (most - few);
	return one + Math.max(0, looks - 1) * (few - one);
}
