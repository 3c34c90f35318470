import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import type { IExecuteFunctions, INodeType } from 'n8n-workflow';
import type { Clock } from '../../nodes/AtlasCloud/api/time/clock';
import type { Http } from '../../nodes/AtlasCloud/api/http/http';
import { isInProcess } from '../../sandbox';
import { untilIdle } from './idle';
import { sendInProcess } from './inProcess';

/*
 * Time for tests of the node in n8n's engine. It passes only while n8n, node and sandbox are idle, so that minutes take
 * milliseconds and a busy machine makes nothing late. n8n's own pauses between attempts are real. Every engine test
 * has it in place of the node's own clock and HTTP (test/environment/engine.js).
 */

/** Time passes in steps of this many ms, so that sleepers of parallel stories wake together. */
const STEP_MS = 250;

interface Sleeper {
	atMs: number;
	wake: () => void;
}

class VirtualTime implements Clock {
	private timeMs = Date.now();

	private readonly sleepers = new Set<Sleeper>();

	private isRunning = false;

	private isOver = false;

	nowMs(): number {
		return this.timeMs;
	}

	async sleepMs(ms: number): Promise<void> {
		await new Promise<void>((resolve) => this.after(ms, resolve));
	}

	/** @returns a function that cancels it */
	after(ms: number, wake: () => void): () => void {
		const sleeper = { atMs: this.timeMs + ms, wake };
		this.sleepers.add(sleeper);
		if (!this.isRunning) void this.run();
		return () => this.sleepers.delete(sleeper);
	}

	/** Nobody wakes any more: what still waits would otherwise go on beside the next test file of this process. */
	stop(): void {
		this.isOver = true;
		this.sleepers.clear();
	}

	private async run(): Promise<void> {
		this.isRunning = true;
		while (this.sleepers.size > 0 && !this.isOver) {
			await untilIdle();
			this.advance();
		}
		this.isRunning = false;
	}

	private advance(): void {
		if (this.sleepers.size === 0) return;
		const nextMs = Math.min(...[...this.sleepers].map(({ atMs }) => atMs));
		this.timeMs = Math.max(this.timeMs, Math.ceil(nextMs / STEP_MS) * STEP_MS);
		for (const sleeper of [...this.sleepers].filter(({ atMs }) => atMs <= this.timeMs)) {
			this.sleepers.delete(sleeper);
			sleeper.wake();
		}
	}
}

export const virtualTime = new VirtualTime();

// The environment runs it when the test file is over.
process.once('exit', () => virtualTime.stop());

/** How far the clock of the node that just begins is off, in ms. */
let startOffsetMs = 0;

/** A node on a machine whose clock is off by so many seconds in each of its runs, in turn. Within a run it never jumps. */
export function whereTimeJumps(node: INodeType, jumps: number[]): INodeType {
	if (jumps.length === 0) return node;
	let runs = 0;
	return Object.assign(Object.create(node) as INodeType, {
		async execute(this: IExecuteFunctions) {
			startOffsetMs = jumps[runs++ % jumps.length] * 1_000;
			// The node starts its clock before it waits for anything.
			const running = node.execute?.call(this);
			startOffsetMs = 0;
			return await running;
		},
	});
}

/** In place of the node's own. */
export function startClock(): Clock {
	const offsetMs = startOffsetMs;
	if (offsetMs === 0) return virtualTime;
	return {
		nowMs: () => virtualTime.nowMs() + offsetMs,
		sleepMs: async (ms) => await virtualTime.sleepMs(ms),
	};
}

/** The time limit, in ms, of the request that is being sent. */
const timeLimit = new AsyncLocalStorage<number>();

function limitRequest(message: unknown): void {
	const { request } = message as { request: ClientRequest };
	const limitMs = timeLimit.getStore();
	if (limitMs === undefined) return;
	// What axios hears from the socket when the real time is up.
	const cancel = virtualTime.after(limitMs, () => request.emit('timeout'));
	request.once('response', cancel);
	request.once('close', cancel);
}

subscribe('http.client.request.start', limitRequest);
afterAll(() => {
	unsubscribe('http.client.request.start', limitRequest);
	// In Node 20 every promise of the process would be slower.
	timeLimit.disable();
});

type N8nHttp = typeof import('../../nodes/AtlasCloud/n8n/http');

const real = jest.requireActual<N8nHttp>('../../nodes/AtlasCloud/n8n/http');

/**
 * The node's own, with its time limits on the virtual clock. What goes to a sandbox of this process goes there past
 * n8n's helpers, axios and sockets: most of the time of a test went into them.
 */
export const n8nHttp: N8nHttp['n8nHttp'] = (context, credential): Http => {
	const http = real.n8nHttp(context, credential);
	return {
		send: async (request) =>
			isInProcess(request.url)
				? await sendInProcess(request, credential.data!)
				: await timeLimit.run(request.timeoutMs, async () => await http.send(request)),
	};
};
