/** What may be spent, and was. Nothing is bought whose price is not known. */
export class Purse {
	private readonly bought: Array<{ what: string; usd: number }> = [];

	constructor(readonly limitUsd: number) {}

	get spentUsd(): number {
		return this.bought.reduce((total, { usd }) => total + usd, 0);
	}

	/** @throws Error if the price is not known, or the limit would be passed */
	spend(what: string, usd: number | null): void {
		if (usd === null || usd < 0) throw new Error(`${what}: not bought, because its price is not known`);
		if (this.spentUsd + usd > this.limitUsd) {
			throw new Error(`${what}: not bought, because $${usd} more would pass $${this.limitUsd}`);
		}
		this.bought.push({ what, usd });
	}
}
