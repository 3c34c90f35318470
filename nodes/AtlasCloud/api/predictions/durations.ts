/** Older durations are dropped, because the service's speed changes over a long batch. */
const MAX_SAMPLES = 100;

/** With fewer samples than this, the spread is assumed to be at least this share of the median. */
const MIN_SAMPLES_FOR_SPREAD = 5;
const MIN_SPREAD = 0.4;
const MIN_SAMPLES_FOR_SHARE = 20;

/** So many in a row that are all this much shorter or longer than those before: the service's speed has changed. */
const MIN_CHANGED = 3;
const SHORTER = 0.7;
const LONGER = 1.4;

/** How long recent predictions of one kind took, in ms from the submit to the prediction's end. */
export class Durations {
	/** In the order they came. */
	private samples: number[] = [];

	/** The same in ascending order. */
	private sorted: number[] = [];

	/** While this is 0, the statistics below are undefined. */
	get count(): number {
		return this.samples.length;
	}

	add(durationMs: number): void {
		this.samples.push(durationMs);
		this.sorted.splice(indexIn(this.sorted, durationMs), 0, durationMs);
		if (this.count > MAX_SAMPLES) this.sorted.splice(indexIn(this.sorted, this.samples.shift() as number), 1);
		if (this.hasChanged()) this.keep(this.samples.slice(-MIN_CHANGED));
	}

	/** Forgets all but the first: later ones may have waited for them. */
	keepFirst(count: number): void {
		this.keep(this.samples.slice(0, Math.max(1, count)));
	}

	forget(): void {
		this.keep([]);
	}

	private keep(samples: number[]): void {
		this.samples = samples;
		this.sorted = [...samples].sort((a, b) => a - b);
	}

	private hasChanged(): boolean {
		const { samples, sorted } = this;
		if (samples.length <= MIN_CHANGED) return false;
		const latest = samples.slice(-MIN_CHANGED);
		const minMs = Math.min(...latest);
		const maxMs = Math.max(...latest);
		// If they are the lowest or the highest of all, those before begin beside them.
		if (maxMs === sorted[MIN_CHANGED - 1]) return maxMs < SHORTER * sorted[MIN_CHANGED];
		return (
			minMs === sorted[sorted.length - MIN_CHANGED] &&
			minMs > LONGER * sorted[sorted.length - 1 - MIN_CHANGED]
		);
	}

	get medianMs(): number {
		return this.quantileMs(0.5);
	}

	get maxMs(): number {
		return this.sorted[this.sorted.length - 1];
	}

	/** Roughly, by how much the slowest prediction takes longer than the quickest. */
	get spreadMs(): number {
		const measuredMs = (this.quantileMs(0.9) - this.quantileMs(0.1)) / 0.8;
		return this.count < MIN_SAMPLES_FOR_SPREAD
			? Math.max(measuredMs, MIN_SPREAD * this.medianMs)
			: measuredMs;
	}

	/** About the share of predictions that take longer; null with too few samples to tell. */
	shareAbove(ms: number): number | null {
		return this.count < MIN_SAMPLES_FOR_SHARE ? null : 1 - indexIn(this.sorted, ms) / this.count;
	}

	/** How likely a prediction that had not ended after `fromMs` has ended after `toMs`; 0 for one slower than all before. */
	chanceOfEnd(fromMs: number, toMs: number): number {
		const from = indexIn(this.sorted, fromMs);
		return (indexIn(this.sorted, toMs) - from) / (this.count - from + 1);
	}

	/** The time within which this share of the predictions ended, interpolated. @param share 0 to 1 */
	quantileMs(share: number): number {
		const position = share * (this.sorted.length - 1);
		const below = this.sorted[Math.floor(position)];
		return below + (position - Math.floor(position)) * (this.sorted[Math.ceil(position)] - below);
	}
}

/** Where a value stands in ascending values, or would stand. */
function indexIn(sorted: number[], value: number): number {
	let from = 0;
	let to = sorted.length;
	while (from < to) {
		const middle = (from + to) >> 1;
		if (sorted[middle] < value) from = middle + 1;
		else to = middle;
	}
	return from;
}
