/** So much less or more speaks against a number that polls have found. */
const CLEARLY_LESS = 0.8;
const CLEARLY_MORE = 1.1;
/** A measured number holds noise. */
const MUCH_MORE = 1.5;
const MARGIN = 5;

/** How many the service runs at once as polls have found it out, until something speaks against it. */
export class FoundNumber {
	private number: number | null = null;

	get value(): number | null {
		return this.number;
	}

	found(count: number): void {
		this.number = count;
	}

	/** Whether it is news that one waits with only so many before it. */
	isNews(countBefore: number): boolean {
		return this.number === null || countBefore < CLEARLY_LESS * this.number - 1;
	}

	/** So many ran at once, and none of them waited. @returns whether the number explains that */
	explains(count: number): boolean {
		if (this.number !== null && count > CLEARLY_MORE * this.number + 1) this.number = null;
		return this.number !== null;
	}

	/** So many run at once by what was measured. */
	measured(running: number): void {
		if (this.number !== null && running > MUCH_MORE * this.number + MARGIN) this.number = null;
	}
}
