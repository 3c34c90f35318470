import { setTimeout as delay } from 'node:timers/promises';

const ASK_AGAIN_MS = 200;

/**
 * Asks again and again, until there is an answer.
 * @param what is waited for, and what to know where it does not come
 */
export async function waitFor<T>(
	what: string | (() => string),
	timeoutSeconds: number,
	ask: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
	const deadline = Date.now() + timeoutSeconds * 1000;
	for (;;) {
		const answer = await ask();
		if (answer !== undefined) return answer;
		if (Date.now() > deadline) {
			throw new Error(`Waited ${timeoutSeconds} s for ${typeof what === 'string' ? what : what()}`);
		}
		await delay(ASK_AGAIN_MS);
	}
}

/** Waits until something holds. */
export async function until(
	holds: () => boolean | Promise<boolean>,
	what: string | (() => string),
	timeoutSeconds = 60,
): Promise<void> {
	await waitFor(what, timeoutSeconds, async () => (await holds()) || undefined);
}
