import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import sharp from 'sharp';

/** A request without traffic for this long, in real ms, waits for the clock, or for nothing. */
const PARKED_MS = 3;

/** Turns of the event loop without work after which this process is idle. */
const IDLE_TURNS = 3;

/** Requests in flight. The value is the traffic of one that was found waiting: it has not moved since. */
const inFlight = new Map<ClientRequest, number | null>();

subscribe('http.client.request.start', (message) => {
	const { request } = message as { request: ClientRequest };
	inFlight.set(request, null);
	request.once('close', () => inFlight.delete(request));
});

/** In bytes, both ways. */
const trafficOf = ({ socket }: ClientRequest) => (socket ? socket.bytesRead + socket.bytesWritten : 0);

const movingRequests = () =>
	[...inFlight].filter(([request, waitsAt]) => waitsAt !== trafficOf(request)).map(([request]) => request);

/** Whether the file system, a socket or sharp works in another thread. */
function isWorkPending(): boolean {
	const { queue, process: running } = sharp.counters();
	const internals = process as unknown as { _getActiveRequests(): unknown[] };
	return queue + running + internals._getActiveRequests().length > 0;
}

/** Resolves once nothing in this process goes on by itself: n8n, node and sandbox all wait for the clock. */
export async function untilIdle(): Promise<void> {
	for (let turns = 0; turns < IDLE_TURNS;) {
		await new Promise((resolve) => setImmediate(resolve));
		const moving = movingRequests();
		if (!isWorkPending() && moving.length === 0) turns++;
		else {
			turns = 0;
			await findWaiting(moving);
		}
	}
}

/** Notes which of these requests have no traffic although this process has nothing else to do. */
async function findWaiting(requests: ClientRequest[]): Promise<void> {
	if (requests.length === 0 || isWorkPending()) return;
	const before = new Map(requests.map((request) => [request, trafficOf(request)]));
	const utilization = performance.eventLoopUtilization();
	await new Promise((resolve) => setTimeout(resolve, PARKED_MS));
	if (isWorkPending() || performance.eventLoopUtilization(utilization).active > 1) return;
	for (const [request, traffic] of before)
		if (inFlight.has(request) && trafficOf(request) === traffic) inFlight.set(request, traffic);
}
