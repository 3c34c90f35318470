import { recentlyUsed } from '../memo';

/** Older ones are dropped: the service's speed changes over a long batch. */
const MAX_SAMPLES = 100;

/** A single one says little of the others: each of the first few counts as several that differ by up to a fifth. */
const FEW = 4;
const SPREAD = [0.8, 0.9, 1, 1.1, 1.2];

/** The slowest is thought to take at least this share of the median longer than the median. */
const MIN_SLOWNESS = 0.25;

/** A poll that comes less than this later than the last one is not worth it. */
const LATER = 1.01;

/** What was seen longer ago than this, in ms, may be of another day. */
const MAX_AGE_MS = 3_600_000;

/** Kinds of predictions that are kept per account, the latest. */
const MAX_KINDS = 100;

/** How long the latest predictions of one kind took, in ms. All but `isEmpty` are undefined while there are none. */
export class Durations {
	private readonly samples: number[] = [];

	private sorted: number[] = [];

	get isEmpty(): boolean {
		return this.samples.length === 0;
	}

	get medianMs(): number {
		return this.sorted[this.sorted.length >> 1];
	}

	get maxMs(): number {
		return this.sorted[this.sorted.length - 1];
	}

	add(durationMs: number): void {
		this.samples.push(durationMs);
		if (this.samples.length > MAX_SAMPLES) this.samples.shift();
		const spread = this.samples.length <= FEW ? SPREAD : [1];
		this.sorted = this.samples.flatMap((ms) => spread.map((share) => share * ms)).sort((a, b) => a - b);
	}

	/** How likely one that had not ended at one age has ended at another. One more is slower than all before. */
	chanceOfEnd(fromMs: number, toMs: number): number {
		const from = this.countUpTo(fromMs);
		const ended = Math.max(0, this.countUpTo(toMs) - from);
		return ended / (this.sorted.length - from + 1);
	}

	/** The age at which one that had not ended at an age has ended this likely. */
	ageOfEnd(fromMs: number, chance: number): number {
		const from = this.countUpTo(LATER * fromMs);
		const leftCount = this.sorted.length - from;
		const at = (index: number) => (index === 0 ? fromMs : this.sorted[from + index - 1]);
		const position = Math.max(1, chance * (leftCount + 1));
		const below = Math.floor(position);
		if (below <= leftCount) {
			const above = at(Math.min(below + 1, leftCount));
			return at(below) + (position - below) * (above - at(below));
		}
		// Slower than all before: the longer it takes, the longer it is likely to take.
		const slowMs = Math.max(MIN_SLOWNESS * this.medianMs, fromMs - this.medianMs);
		return fromMs + (slowMs * chance) / (1 - chance);
	}

	private countUpTo(ms: number): number {
		let low = 0;
		let high = this.sorted.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (this.sorted[middle] <= ms) low = middle + 1;
			else high = middle;
		}
		return low;
	}
}

/** How long predictions took lately: by model, and by model and shape of the request. */
export class UsualTimes {
	private readonly ofKind = recentlyUsed(MAX_KINDS, () => ({ durations: new Durations(), addedAtMs: 0 }));

	/** Other shapes of a model stand in for one that has not been seen. */
	of(model: string, shape: string, nowMs: number): Durations {
		const exact = this.latest(`${model} ${shape}`, nowMs);
		return exact.isEmpty ? this.latest(`${model} `, nowMs) : exact;
	}

	add(model: string, shape: string, durationMs: number, nowMs: number): void {
		for (const kind of new Set([`${model} ${shape}`, `${model} `])) {
			this.latest(kind, nowMs).add(durationMs);
			this.ofKind(kind).addedAtMs = nowMs;
		}
	}

	private latest(kind: string, nowMs: number): Durations {
		const kept = this.ofKind(kind);
		if (nowMs > kept.addedAtMs + MAX_AGE_MS) kept.durations = new Durations();
		return kept.durations;
	}
}
