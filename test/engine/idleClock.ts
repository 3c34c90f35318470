import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import type { Clock } from '../../nodes/AtlasCloud/api/flow/clock';

/** A request with no traffic for this long (real ms) waits for the clock, or for nothing: time may pass. */
const PARKED_MS = 3;

/** Time passes in steps of this many virtual ms, so that sleepers of different stories wake together. */
const STEP_MS = 50;

/** Turns of the event loop without work after which a process without requests is idle. */
const IDLE_TURNS = 3;

interface Sleeper {
	atMs: number;
	wake: () => void;
}

const inFlight = new Set<object>();

subscribe('http.client.request.start', (message) => {
	const { request } = message as { request: ClientRequest };
	inFlight.add(request);
	request.once('close', () => inFlight.delete(request));
});

/** File system calls, connects and socket writes that the event loop waits for. */
const pendingCalls = () =>
	(process as unknown as { _getActiveRequests(): unknown[] })._getActiveRequests().length;

/**
 * Time that passes only when node, sandbox and n8n are idle: a schedule of minutes takes milliseconds, and a busy
 * machine cannot make anything late. All three must run in this process.
 */
class IdleClock implements Clock {
	private timeMs = Date.now();

	private sleepers: Sleeper[] = [];

	private isTicking = false;

	nowMs(): number {
		return this.timeMs;
	}

	async sleepMs(ms: number): Promise<void> {
		await new Promise<void>((wake) => {
			this.sleepers.push({ atMs: this.timeMs + ms, wake });
			if (!this.isTicking) void this.tick();
		});
	}

	private async tick(): Promise<void> {
		this.isTicking = true;
		while (this.sleepers.length > 0) {
			await untilIdle();
			this.advance();
		}
		this.isTicking = false;
	}

	private advance(): void {
		const nextMs = Math.min(...this.sleepers.map(({ atMs }) => atMs));
		this.timeMs = Math.max(this.timeMs, Math.ceil(nextMs / STEP_MS) * STEP_MS);
		const due = this.sleepers.filter(({ atMs }) => atMs <= this.timeMs);
		this.sleepers = this.sleepers.filter(({ atMs }) => atMs > this.timeMs);
		for (const { wake } of due) wake();
	}
}

export const idleClock = new IdleClock();

/** By the name that the node imports. */
export const startClock = (): Clock => idleClock;

async function untilIdle(): Promise<void> {
	for (let turns = 0; turns < IDLE_TURNS; ) {
		await new Promise((resolve) => setImmediate(resolve));
		if (pendingCalls() > 0) turns = 0;
		else if (inFlight.size > 0) turns = (await isParked()) ? IDLE_TURNS : 0;
		else turns++;
	}
}

/** Whether the requests in flight have no traffic. */
async function isParked(): Promise<boolean> {
	const before = performance.eventLoopUtilization();
	await new Promise((resolve) => setTimeout(resolve, PARKED_MS));
	if (inFlight.size === 0 || pendingCalls() > 0) return inFlight.size === 0;
	return performance.eventLoopUtilization(before).active < 1;
}
