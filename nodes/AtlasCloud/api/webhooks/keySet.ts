import type { Clock } from '../flow/clock';
import { readKeySet, type PublicKeys } from './signature';

/** Anybody can send an unknown key ID, so the keys are read again no more often than this. */
const MIN_REFRESH_MS = 60_000;

/** Atlas's public keys. They are read when a key ID is not known, at most once a minute. */
export class KeySet {
	private keys: PublicKeys = new Map();

	private lastReadMs = -Infinity;

	private lastReading: Promise<void> = Promise.resolve();

	private isReading = false;

	constructor(private readonly clock: Clock) {}

	/**
	 * The keys to check a signature with.
	 * @param read gets the JSON Web Key Set; not kept, because it may hold on to a request
	 * @throws whatever `read` throws, for a minute: the key may well exist. The keys are then as they were
	 */
	async keysFor(keyId: string, read: () => Promise<unknown>): Promise<PublicKeys> {
		if (!this.keys.has(keyId)) await this.refresh(read);
		return this.keys;
	}

	private async refresh(read: () => Promise<unknown>): Promise<void> {
		const isDue = this.clock.nowMs() - this.lastReadMs >= MIN_REFRESH_MS;
		if (isDue && !this.isReading) this.lastReading = this.readOnce(read);
		// All deliveries until the next reading share its outcome, be it a failure.
		await this.lastReading;
	}

	private async readOnce(read: () => Promise<unknown>): Promise<void> {
		this.isReading = true;
		this.lastReadMs = this.clock.nowMs();
		try {
			const keys = readKeySet(await read());
			// A key that is gone from the set is no longer trusted; an answer without any key is broken.
			if (keys.size > 0) this.keys = keys;
		} finally {
			this.isReading = false;
		}
	}
}
