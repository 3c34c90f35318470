/**
 * How long predictions of one model take, learned from those of this run. Times are ms from the submit to the
 * prediction's end.
 */
export class Durations {
	private samples: number[] = [];

	/** @param priorMs what is expected before the first has ended: the catalogue's average, or a guess; null without any */
	constructor(private priorMs: number | null = null) {}

	setPrior(priorMs: number): void {
		this.priorMs = priorMs;
	}

	get count(): number {
		return this.samples.length;
	}

	/** Adds a finished prediction. The last hundred count: a service's mood changes over a long batch. */
	add(durationMs: number): void {
		this.samples.push(durationMs);
		if (this.samples.length > 100) this.samples.shift();
	}

	private quantile(share: number): number {
		const sorted = [...this.samples].sort((a, b) => a - b);
		return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
	}

	/**
	 * When to look for the first time, and then for the next, in ms after the submit.
	 * @param elapsedMs since the submit
	 * @param isScout whether this one is to find out how long such predictions take, for the others of its batch
	 * @returns ms after the submit, later than `elapsedMs`
	 */
	nextLookMs(elapsedMs: number, isScout: boolean, isFirst: boolean): number {
		if (this.samples.length > 0) {
			// Just after when the quickest tenth was done: a look a moment too early costs a whole step.
			const firstMs = this.quantile(0.1) + 30;
			if (elapsedMs < firstMs) return firstMs;
			return elapsedMs + Math.max(200, STEP * elapsedMs);
		}
		if (isScout) {
			const firstMs = this.priorMs === null ? 1_000 : Math.max(1_000, 0.5 * this.priorMs);
			return isFirst && elapsedMs < firstMs ? firstMs : elapsedMs + Math.max(150, SCOUT_STEP * elapsedMs);
		}
		// The others leave it to the scouts, and look themselves only in case these are slow ones.
		const firstMs = this.priorMs === null ? 12_000 : Math.max(4_000, 1.5 * this.priorMs);
		return elapsedMs < firstMs ? firstMs : elapsedMs * 2;
	}
}

/** Share of the elapsed time between two looks: half of it is the mean delay, which is to stay under 5%. */
const STEP = 0.085;
const SCOUT_STEP = 0.12;
