/** How many are remembered. Atlas delivers again within minutes. */
const MAX_IDS = 10_000;

/** A set of IDs that forgets the oldest. */
export class RecentIds {
	/** The oldest first. */
	private readonly ids = new Set<string>();

	has(id: string): boolean {
		return this.ids.has(id);
	}

	add(id: string): void {
		this.ids.add(id);
		if (this.ids.size <= MAX_IDS) return;
		const [oldest] = this.ids;
		this.ids.delete(oldest);
	}

	/** @returns whether it was there */
	delete(id: string): boolean {
		return this.ids.delete(id);
	}

	/** Those added last, the oldest first. */
	newest(count: number): string[] {
		return [...this.ids].slice(-count);
	}
}
