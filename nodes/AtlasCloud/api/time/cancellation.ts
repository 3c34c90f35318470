/** The part of an `AbortSignal` that the code uses. */
export interface CancelSignal {
	readonly aborted: boolean;
	addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
	removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * A signal that a whole batch can listen to. Not an `AbortSignal`: Node warns of a leak from the eleventh listener on,
 * and a community node cannot import `setMaxListeners`.
 */
export class Cancellation implements CancelSignal {
	aborted: boolean;

	private readonly listeners = new Set<() => void>();

	/** @param parent aborts this one too */
	constructor(private readonly parent?: CancelSignal) {
		this.aborted = parent?.aborted ?? false;
		parent?.addEventListener('abort', this.abort, { once: true });
	}

	/** Stops listening to the parent: a long run would otherwise collect thousands of listeners. */
	detach(): void {
		this.parent?.removeEventListener('abort', this.abort);
	}

	readonly abort = (): void => {
		if (this.aborted) return;
		this.aborted = true;
		for (const listener of [...this.listeners]) listener();
		this.listeners.clear();
	};

	addEventListener(_type: 'abort', listener: () => void): void {
		this.listeners.add(listener);
	}

	removeEventListener(_type: 'abort', listener: () => void): void {
		this.listeners.delete(listener);
	}
}
