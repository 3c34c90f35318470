/** The part of an `AbortSignal` that is used here; a real one is one. */
export interface CancelSignal {
	readonly aborted: boolean;
	addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
	removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * A signal of our own that a whole batch listens to. Not an `AbortSignal`: Node warns of a leak from the eleventh
 * listener on, and a community node cannot import what would tell it otherwise.
 */
export class Cancellation implements CancelSignal {
	private readonly listeners = new Set<() => void>();

	private isAborted = false;

	private readonly onParentAbort = () => this.abort();

	/** @param parent aborts this one too */
	constructor(private readonly parent?: CancelSignal) {
		if (parent?.aborted) this.isAborted = true;
		parent?.addEventListener('abort', this.onParentAbort, { once: true });
	}

	/** Stops listening to the parent. For what lives shorter than it: a long run would collect thousands of listeners. */
	detach(): void {
		this.parent?.removeEventListener('abort', this.onParentAbort);
	}

	get aborted(): boolean {
		return this.isAborted;
	}

	abort(): void {
		if (this.isAborted) return;
		this.isAborted = true;
		for (const listener of [...this.listeners]) listener();
		this.listeners.clear();
	}

	addEventListener(_type: 'abort', listener: () => void): void {
		this.listeners.add(listener);
	}

	removeEventListener(_type: 'abort', listener: () => void): void {
		this.listeners.delete(listener);
	}
}
