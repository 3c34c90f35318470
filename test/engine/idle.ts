import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import sharp from 'sharp';

/** A request without traffic for this long, in real ms, waits for the clock, or for nothing. */
const PARKED_MS = 3;

/** A pause, in real ms, in which this process gets on with its work instead of asking whether it is done. */
const WORK_MS = 1;

/** Turns of the event loop without work after which this process is idle. */
const IDLE_TURNS = 3;

/** Requests in flight. The value is the traffic of one that was found waiting: it has not moved since. */
const inFlight = new Map<ClientRequest, number | null>();

function trackRequest(message: unknown): void {
	const { request } = message as { request: ClientRequest };
	inFlight.set(request, null);
	request.once('close', () => inFlight.delete(request));
}

subscribe('http.client.request.start', trackRequest);
// The next test file of this process tracks its own.
afterAll(() => void unsubscribe('http.client.request.start', trackRequest));

const internals = process as unknown as { _getActiveRequests(): unknown[] };

/** In bytes, both ways. */
const trafficOf = ({ socket }: ClientRequest) => (socket ? socket.bytesRead + socket.bytesWritten : 0);

function movingRequests(): ClientRequest[] {
	const moving: ClientRequest[] = [];
	for (const [request, waitsAt] of inFlight) if (waitsAt !== trafficOf(request)) moving.push(request);
	return moving;
}

/** Whether the file system, a socket or sharp works in another thread. */
function isWorkPending(): boolean {
	if (internals._getActiveRequests().length > 0) return true;
	const { queue, process: running } = sharp.counters();
	return queue + running > 0;
}

const pause = async (ms: number) => await new Promise((resolve) => setTimeout(resolve, ms));

/** Resolves once nothing in this process goes on by itself: n8n, node and sandbox all wait for the clock. */
export async function untilIdle(): Promise<void> {
	for (let turns = 0; turns < IDLE_TURNS;) {
		await new Promise((resolve) => setImmediate(resolve));
		if (isWorkPending()) {
			turns = 0;
			await pause(WORK_MS);
			continue;
		}
		const moving = movingRequests();
		if (moving.length === 0) turns++;
		else {
			turns = 0;
			await findWaiting(moving);
		}
	}
}

/** Notes which of these requests have no traffic although this process has nothing else to do. */
async function findWaiting(requests: ClientRequest[]): Promise<void> {
	const before = new Map(requests.map((request) => [request, trafficOf(request)]));
	const utilization = performance.eventLoopUtilization();
	await pause(PARKED_MS);
	if (isWorkPending() || performance.eventLoopUtilization(utilization).active > 1) return;
	for (const [request, traffic] of before)
		if (inFlight.has(request) && trafficOf(request) === traffic) inFlight.set(request, traffic);
}
