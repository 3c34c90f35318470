import { ConcurrencyLimiter } from '../../nodes/AtlasCloud/api/flow/concurrencyLimiter';

/** How many more requests fit. */
function roomOf(limiter: ConcurrencyLimiter): number {
	let unanswered = 0;
	while (limiter.hasRoom(unanswered)) unanswered++;
	return unanswered;
}

function limiterWith(inFlight: number, max: number): ConcurrencyLimiter {
	const limiter = new ConcurrencyLimiter(max);
	for (let i = 0; i < inFlight; i++) limiter.resumed();
	return limiter;
}

it('has room up to its maximum', () => {
	const limiter = limiterWith(3, 5);
	expect(roomOf(limiter)).toBe(2);
	limiter.accepted();
	expect(roomOf(limiter)).toBe(1);
	limiter.finished();
	expect(roomOf(limiter)).toBe(2);
});

it('learns its limit from a rejection after a pause, and raises it slowly', () => {
	const limiter = limiterWith(4, 20);
	limiter.rejectedAfterPause();
	expect(roomOf(limiter)).toBe(0);
	for (let i = 0; i < 5; i++) {
		limiter.finished();
		limiter.accepted();
	}
	expect(roomOf(limiter)).toBe(1);
});

it('learns nothing from a rejection with nothing in flight', () => {
	const limiter = limiterWith(0, 20);
	limiter.rejectedAfterPause();
	expect(roomOf(limiter)).toBe(20);
});
