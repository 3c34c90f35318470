interface Event {
	atMs: number;
	order: number;
	run: () => void;
}

/** Runs events in the order of their times. */
export class Agenda {
	private readonly heap: Event[] = [];

	private order = 0;

	constructor(public nowMs = 0) {}

	get isEmpty(): boolean {
		return this.heap.length === 0;
	}

	/** @param atMs an event of the past is one of now */
	at(atMs: number, run: () => void): void {
		const { heap } = this;
		const event = { atMs: Math.max(atMs, this.nowMs), order: this.order++, run };
		let index = heap.push(event) - 1;
		while (index > 0) {
			const parent = (index - 1) >> 1;
			if (!isBefore(event, heap[parent])) break;
			heap[index] = heap[parent];
			index = parent;
		}
		heap[index] = event;
	}

	/** Runs all events of the next time at which there are any. */
	step(): void {
		this.nowMs = Math.max(this.nowMs, this.heap[0].atMs);
		while (this.heap.length > 0 && this.heap[0].atMs <= this.nowMs) this.next().run();
	}

	run(): void {
		while (!this.isEmpty) this.step();
	}

	private next(): Event {
		const { heap } = this;
		const first = heap[0];
		const last = heap.pop();
		if (!last || heap.length === 0) return first;
		let index = 0;
		for (;;) {
			let child = 2 * index + 1;
			if (child >= heap.length) break;
			if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++;
			if (!isBefore(heap[child], last)) break;
			heap[index] = heap[child];
			index = child;
		}
		heap[index] = last;
		return first;
	}
}

function isBefore(one: Event, other: Event): boolean {
	return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
