import { Concurrency, type Mark } from '../../nodes/AtlasCloud/api/pace/concurrency';

const NOTHING_TOLD = { createdAt: null, completedAt: null, predictTimeSeconds: null };

describe('the limit', () => {
	/** Submits and finishes one after another. */
	class Run {
		readonly control = new Concurrency();

		nowMs = 0;

		private readonly marks: Mark[] = [];

		submit(count: number, key = 'edit'): void {
			for (let index = 0; index < count; index++)
				this.marks.push(this.control.began(key, this.nowMs, this.nowMs + 100));
		}

		finish(count: number, afterMs: number, succeeded = true): void {
			this.nowMs += afterMs;
			for (const mark of this.marks.splice(0, count))
				this.control.ended(mark, this.nowMs, succeeded ? NOTHING_TOLD : null);
		}
	}

	it('starts at 20, and does not grow while everything fails', () => {
		const run = new Run();
		for (let round = 0; round < 5; round++) {
			expect(run.control.maxInFlight).toBe(20);
			expect(run.control.limitedBy).toBe('start');
			run.submit(20);
			run.finish(20, 4_000, false);
		}
	});

	it('keeps to the number above which a submit was refused, and tries one more a second later', () => {
		const run = new Run();
		run.submit(5);
		run.control.refused(200);
		run.control.refused(210);
		expect(run.control.maxInFlight).toBe(5);
		expect(run.control.limitedBy).toBe('refusals');
		run.control.passed(1_300);
		expect(run.control.maxInFlight).toBe(6);
	});

	it('learns nothing from the times of predictions of an earlier execution', () => {
		const control = new Concurrency();
		const marks = Array.from({ length: 20 }, () => control.began('edit', null, 0));
		for (const mark of marks) control.ended(mark, 10, NOTHING_TOLD);
		expect(control.maxInFlight).toBe(20);
	});

	it('does not take a slower request shape for a queue', () => {
		const run = new Run();
		for (let round = 0; round < 6; round++) {
			run.submit(20, 'small');
			run.finish(20, 2_000);
			run.submit(20, 'large');
			run.finish(20, 20_000);
		}
		expect(run.control.limitedBy).toBe('start');
		expect(run.control.maxInFlight).toBeGreaterThan(20);
	});
});
