/** So much less or more speaks against a number that polls have found. */
const CLEARLY_LESS = 0.8;
const CLEARLY_MORE = 1.1;
/** A measured number holds noise. */
const MUCH_MORE = 1.5;
const MARGIN = 5;

/** How many the service runs at once as polls have found it out, until something speaks against it. */
export class FoundNumber {
	private number: number | null = null;

	private highest = 0;

	get value(): number | null {
		return this.number;
	}

	/** The highest number that was ever found. */
	get max(): number {
		return this.highest;
	}

	found(count: number): void {
		this.number = count;
		this.highest = Math.max(this.highest, count);
	}

	/** Whether it is news that one waits with only so many before it. */
	isNews(countBefore: number): boolean {
		return this.number === null || countBefore < CLEARLY_LESS * this.number - 1;
	}

	/** So many ran at once, and none of them waited. */
	sawAtOnce(count: number): void {
		if (this.number !== null && count > CLEARLY_MORE * this.number + 1) this.number = null;
	}

	/** So many run at once by what was measured. */
	measured(running: number): void {
		if (this.number !== null && running > MUCH_MORE * this.number + MARGIN) this.number = null;
	}
}
