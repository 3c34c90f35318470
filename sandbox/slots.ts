/** How many run at once: those beyond the limit wait in line. */
export class Slots {
	private readonly waiting: Array<() => void> = [];
	private used = 0;

	constructor(private readonly limit: () => number) {}

	/** @param onWait called where there is no free slot at once */
	async acquire(onWait = (): void => {}): Promise<void> {
		if (this.isFree && this.waiting.length === 0) {
			this.used += 1;
			return;
		}
		onWait();
		await new Promise<void>((resolve) => this.waiting.push(resolve));
	}

	release(): void {
		this.used -= 1;
		this.startWaiting();
	}

	/** Has to be called when the limit changes. */
	startWaiting(): void {
		while (this.waiting.length > 0 && this.isFree) {
			this.used += 1;
			this.waiting.shift()?.();
		}
	}

	private get isFree(): boolean {
		return this.used < this.limit();
	}
}
