import { AdaptiveConcurrency } from '../../nodes/AtlasCloud/api/flow/adaptiveConcurrency';

/** A service with a queue that runs so many at once, first come, first served, and is asked as the control wants. */
class Service {
	readonly control = new AdaptiveConcurrency();

	readonly probed: string[] = [];

	private readonly ids: string[] = [];

	constructor(
		public atOnce: number,
		/** One that runs is still called queued until this age. */
		private readonly createdMs = 200,
	) {}

	submit(count: number, nowMs: number): void {
		for (let index = 0; index < count; index++) {
			const id = `p${this.ids.length}`;
			this.ids.push(id);
			this.control.submitted(id, { key: 'edit', sentAtMs: nowMs, nowMs });
		}
	}

	/** The status, where it is this many ms after the submit of all. */
	statusOf(id: string, ageMs: number): 'queued' | 'running' {
		return this.ids.indexOf(id) < this.atOnce && ageMs >= this.createdMs ? 'running' : 'queued';
	}

	/** Polls as the control wants it, until it wants no more or this many have been sent. */
	probe(maxPolls = 50): number {
		let nowMs = 0;
		for (let polls = 0; polls < maxPolls; polls++) {
			const { probe } = this.control;
			if (!probe) return nowMs;
			nowMs = Math.max(nowMs, probe.atMs);
			this.probed.push(probe.id);
			this.control.observed(probe.id, this.statusOf(probe.id, nowMs), nowMs);
		}
		return nowMs;
	}

	/** Twenty at once, of which a usual poll finds the first one running. */
	start(): void {
		this.submit(20, 0);
		this.control.observed('p0', 'running', 500);
	}
}

it.each([1, 3, 5, 12, 19])('finds with few polls that %d of 20 run at once', (atOnce) => {
	const service = new Service(atOnce);
	service.start();
	service.probe();
	expect(Math.abs((service.control.numberAtOnce ?? 0) - atOnce)).toBeLessThanOrEqual(1);
	expect(service.probed.length).toBeLessThanOrEqual(9);
});

it('lets only a few wait once it has found the number', () => {
	const service = new Service(5);
	service.start();
	service.probe();
	expect(service.control.maxInFlight).toBeGreaterThanOrEqual(8);
	expect(service.control.maxInFlight).toBeLessThanOrEqual(12);
});

it('keeps to 20 before the first success, whatever it finds', () => {
	const service = new Service(19);
	service.start();
	service.probe();
	expect(service.control.numberAtOnce).toBeGreaterThanOrEqual(18);
	expect(service.control.maxInFlight).toBe(20);
});

it('sees within moments that nothing waits', () => {
	const service = new Service(100);
	service.submit(20, 0);
	const tookMs = service.probe();
	expect(service.probed.every((id) => id === 'p19')).toBe(true);
	expect(service.probed.length).toBeLessThanOrEqual(4);
	expect(tookMs).toBeLessThanOrEqual(500);
	expect(service.control.numberAtOnce).toBeNull();
});

it('does not take the moment before one runs for a queue', () => {
	const service = new Service(100, 1_200);
	service.start();
	service.probe();
	expect(service.probed).toContain('p19');
	expect(service.control.numberAtOnce).toBeNull();
});

it('learns nothing of that moment from a prediction of an earlier execution', () => {
	const service = new Service(100, 3_000);
	service.control.submitted('old', { key: 'edit', sentAtMs: null, nowMs: 0 });
	service.control.observed('old', 'running', 10);
	service.submit(20, 0);
	service.probe(8);
	expect(service.control.numberAtOnce).toBeNull();
});

it('asks another one if the one that it asks ends', () => {
	const service = new Service(10);
	service.start();
	service.probe(4);
	const { id = '' } = service.control.probe ?? {};
	expect(id).not.toBe('');
	service.control.finished(id, { nowMs: 3_000, succeeded: true, workMs: null, totalMs: null });
	expect(service.control.probe?.id).toEqual(expect.any(String));
	expect(service.control.probe?.id).not.toBe(id);
});

it('finds no number if all end while it asks', () => {
	const service = new Service(10);
	service.start();
	service.probe(4);
	for (let index = 0; index < 20; index++)
		service.control.finished(`p${index}`, { nowMs: 5_000, succeeded: true, workMs: null, totalMs: null });
	expect(service.control.probe).toBeNull();
	expect(service.control.numberAtOnce).toBeNull();
	expect(service.control.maxInFlight).toBeGreaterThanOrEqual(20);
});

it('finds the number again when fewer run at once than before', () => {
	const service = new Service(15);
	service.start();
	service.probe();
	service.atOnce = 4;
	const { control } = service;
	for (let index = 0; index < 15; index++)
		control.finished(`p${index}`, { nowMs: 6_000, succeeded: true, workMs: null, totalMs: null });
	// Of those left, p15 to p18 run now.
	const statusOf = (id: string) => (Number(id.slice(1)) < 19 ? 'running' : 'queued');
	control.observed('p15', 'running', 7_000);
	control.observed('p19', 'queued', 7_000);
	for (let polls = 0; polls < 10 && control.probe; polls++)
		control.observed(control.probe.id, statusOf(control.probe.id), 7_000);
	expect(control.numberAtOnce).toBeGreaterThanOrEqual(3);
	expect(control.numberAtOnce).toBeLessThanOrEqual(5);
});

it('asks now and then while there is a queue, and sees that the number has risen', () => {
	const service = new Service(5);
	service.start();
	service.probe();
	const { control } = service;
	const before = control.maxInFlight;
	service.atOnce = 1_000;
	let next = 20;
	for (let index = 0; index < 40; index++) {
		const nowMs = 4_000 + 100 * index;
		control.finished(`p${index}`, { nowMs, succeeded: true, workMs: 4_000, totalMs: 4_000 });
		control.submitted(`p${next++}`, { key: 'edit', sentAtMs: nowMs, nowMs });
		const { probe } = control;
		if (probe) control.observed(probe.id, 'running', probe.atMs);
	}
	expect(control.maxInFlight).toBeGreaterThan(2 * before);
});

describe('with a known number', () => {
	/** One has succeeded, and others have taken the places of most of the first ones. */
	function busy(): AdaptiveConcurrency {
		const service = new Service(5);
		service.start();
		service.probe();
		const { control } = service;
		for (let index = 0; index < 15; index++) {
			const succeeded = index === 0;
			control.finished(`p${index}`, { nowMs: 4_000, succeeded, workMs: 4_000, totalMs: 4_000 });
		}
		for (let index = 0; index < 15; index++)
			control.submitted(`q${index}`, { key: 'edit', sentAtMs: 4_000, nowMs: 4_000 });
		return control;
	}

	it('a prediction of an earlier execution does not prove that more run', () => {
		const control = busy();
		const before = control.maxInFlight;
		control.submitted('old', { key: 'edit', sentAtMs: null, nowMs: 4_100 });
		control.observed('old', 'running', 4_200);
		expect(control.maxInFlight).toBe(before);
	});

	it('the first one of another shape does not prove that more run, if it has waited', () => {
		const control = busy();
		const before = control.maxInFlight;
		control.submitted('large', { key: 'two images', sentAtMs: 4_100, nowMs: 4_100 });
		control.observed('large', 'queued', 8_000);
		control.observed('large', 'running', 12_000);
		expect(control.maxInFlight).toBe(before);
	});

	it('one that need not wait lifts it a little, and the next one in full', () => {
		const control = busy();
		const before = control.maxInFlight;
		control.submitted('quick', { key: 'edit', sentAtMs: 4_100, nowMs: 4_100 });
		control.observed('quick', 'running', 4_600);
		const lifted = control.maxInFlight;
		expect(lifted).toBeGreaterThan(before);
		expect(lifted).toBeLessThanOrEqual(25);
		for (let index = 0; index < 10; index++)
			control.submitted(`r${index}`, { key: 'edit', sentAtMs: 4_700, nowMs: 4_700 });
		control.observed('r9', 'running', 5_200);
		expect(control.maxInFlight).toBeGreaterThan(1.3 * lifted);
	});
});

it('finds no number where a later one runs while an earlier one waits', () => {
	const service = new Service(20);
	service.start();
	const { control } = service;
	control.observed('p10', 'running', 600);
	control.observed('p19', 'queued', 2_000);
	control.observed('p5', 'queued', 2_010);
	expect(control.probe).toBeNull();
	expect(control.numberAtOnce).toBeNull();
	expect(control.maxInFlight).toBe(20);
});
