/** Older durations are dropped, because the service's speed changes over a long batch. */
const MAX_SAMPLES = 100;

/** With fewer samples than this, the spread is assumed to be at least this share of the median. */
const MIN_SAMPLES_FOR_SPREAD = 5;
const MIN_SPREAD = 0.4;

/** How long recent predictions of one model took, in ms from the submit to the prediction's end. */
export class Durations {
	/** In the order they came. */
	private samples: number[] = [];

	private sorted: number[] = [];

	/** While this is 0, the statistics below are undefined. */
	get count(): number {
		return this.samples.length;
	}

	add(durationMs: number): void {
		this.samples = [...this.samples, durationMs].slice(-MAX_SAMPLES);
		this.sorted = [...this.samples].sort((a, b) => a - b);
	}

	/** Forgets all but the first: later ones may have waited for them. */
	keepFirst(count: number): void {
		this.samples = this.samples.slice(0, Math.max(1, count));
		this.sorted = [...this.samples].sort((a, b) => a - b);
	}

	get medianMs(): number {
		return this.quantileMs(0.5);
	}

	get maxMs(): number {
		return this.quantileMs(1);
	}

	/** Roughly, by how much the slowest prediction takes longer than the quickest. */
	get spreadMs(): number {
		const measuredMs = (this.quantileMs(0.9) - this.quantileMs(0.1)) / 0.8;
		return this.count < MIN_SAMPLES_FOR_SPREAD
			? Math.max(measuredMs, MIN_SPREAD * this.medianMs)
			: measuredMs;
	}

	/** The time within which this share of the predictions ended, interpolated. @param share 0 to 1 */
	quantileMs(share: number): number {
		const position = share * (this.sorted.length - 1);
		const below = this.sorted[Math.floor(position)];
		return below + (position - Math.floor(position)) * (this.sorted[Math.ceil(position)] - below);
	}
}
