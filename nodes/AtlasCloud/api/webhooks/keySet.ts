import type { Clock } from '../flow/clock';
import { readKeySet, type PublicKeys } from './signature';

/** Anybody can send an unknown key ID, so the keys are read again no more often than this. */
const MIN_REFRESH_MS = 60_000;

/** Atlas's public keys. They are read when a key ID is not known, at most once a minute. */
export class KeySet {
	private keys: PublicKeys = new Map();

	private lastReadMs = -Infinity;

	private reading: Promise<void> | null = null;

	constructor(private readonly clock: Clock) {}

	/**
	 * The keys to check a signature with.
	 * @param read gets the JSON Web Key Set; not kept, because it may hold on to a request
	 * @throws whatever `read` throws; the keys are then as they were
	 */
	async keysFor(keyId: string, read: () => Promise<unknown>): Promise<PublicKeys> {
		if (!this.keys.has(keyId)) await this.refresh(read);
		return this.keys;
	}

	private async refresh(read: () => Promise<unknown>): Promise<void> {
		if (!this.reading && this.clock.nowMs() - this.lastReadMs < MIN_REFRESH_MS) return;
		// Deliveries that come at the same moment wait for the same answer.
		this.reading ??= this.readOnce(read).finally(() => (this.reading = null));
		await this.reading;
	}

	private async readOnce(read: () => Promise<unknown>): Promise<void> {
		this.lastReadMs = this.clock.nowMs();
		const keys = readKeySet(await read());
		// A key that is gone from the set is no longer trusted; an answer without any key is broken.
		if (keys.size > 0) this.keys = keys;
	}
}
