import type { Task } from './task';

const HOUR_MS = 3_600_000;

/** The tasks whose records have not expired. */
export class TaskList {
	private readonly byId = new Map<string, Task>();

	constructor(private readonly nowMs: () => number) {}

	get size(): number {
		return this.byId.size;
	}

	add(task: Task): void {
		this.byId.set(task.record.id, task);
	}

	find(id: string): Task | undefined {
		const task = this.byId.get(id);
		return task && !this.isExpired(task) ? task : undefined;
	}

	/** Newest first. */
	filter(passes: (task: Task) => boolean): Task[] {
		return [...this.byId.values()]
			.filter((task) => passes(task) && !this.isExpired(task))
			.sort((a, b) => b.record.createdAtMs - a.record.createdAtMs || b.row - a.row);
	}

	private isExpired({ record, recordRetentionHours }: Task): boolean {
		if (recordRetentionHours === 0) return record.completedAtMs !== null;
		return this.nowMs() > record.createdAtMs + recordRetentionHours * HOUR_MS;
	}
}
