import { createPublicKey, verify, type KeyObject } from 'crypto';
import type { Answer } from '../http/answer';
import { asArray, asNumber, asObject, asString } from '../json';

/** How far a delivery's time may be from ours, in seconds: an older one could be a recording. */
const MAX_AGE_SECONDS = 300;

const SIGNATURE_BYTES = 64;

const PREFIX = 'x-atlascloud-webhook-';

/** A request that claims to come from Atlas. See docs/atlas-cloud-api.md, Webhook. */
export interface Delivery {
	/** Names in lower case. */
	headers: Record<string, unknown>;
	/** The body exactly as it arrived. */
	rawBody: Uint8Array;
}

/** An answer with a JSON Web Key Set. */
export type KeySetAnswer = Pick<Answer, 'json' | 'dateMs' | 'receivedAtMs'>;

/** Ed25519 public keys by their ID. */
export type PublicKeys = ReadonlyMap<string, KeyObject>;

/** The Ed25519 keys in a JSON Web Key Set. Others are left out. */
export function readKeySet(json: unknown): Map<string, KeyObject> {
	const keys = new Map<string, KeyObject>();
	for (const entry of asArray(asObject(json)?.keys)) {
		const { kty, crv, kid, x } = asObject(entry) ?? {};
		const id = asString(kid);
		if (kty !== 'OKP' || crv !== 'Ed25519' || id === null || typeof x !== 'string') continue;
		try {
			keys.set(id, createPublicKey({ key: { kty, crv, x }, format: 'jwk' }));
		} catch {
			// No key of this kind.
		}
	}
	return keys;
}

/** The ID of the key that a delivery says it is signed with; null where it names none. */
export function keyIdOf({ headers }: Delivery): string | null {
	return asString(headers[`${PREFIX}key-id`]);
}

/** Whether Atlas signed a delivery, not long ago. @param nowMs one of several clocks, in ms since the epoch: any may be right */
export function isGenuine(delivery: Delivery, keys: PublicKeys, ...nowMs: number[]): boolean {
	const { headers, rawBody } = delivery;
	const key = keys.get(keyIdOf(delivery) ?? '');
	const timestamp = asString(headers[`${PREFIX}timestamp`]);
	const seconds = asNumber(timestamp);
	const signature = signatureIn(headers);
	if (!key || !signature || timestamp === null || seconds === null) return false;
	if (!nowMs.some((ms) => Math.abs(ms / 1_000 - seconds) <= MAX_AGE_SECONDS)) return false;
	return verify(null, Buffer.concat([Buffer.from(`${timestamp}.`), rawBody]), key, signature);
}

/** The bare header still carries an HMAC, and is to carry the Ed25519 signature one day: its length tells. */
function signatureIn(headers: Delivery['headers']): Buffer | null {
	const values = [headers[`${PREFIX}signature-ed25519`], headers[`${PREFIX}signature`]];
	const candidates = values.map((value) => Buffer.from(asString(value) ?? '', 'base64url'));
	return candidates.find(({ length }) => length === SIGNATURE_BYTES) ?? null;
}

/** Anybody can send a delivery that is not genuine, so the keys are read again no more often than this. */
const MIN_REFRESH_MS = 60_000;

/** Atlas's public keys, and its clock. Both are read when a delivery does not fit them, at most once a minute. */
export class KeySet {
	private keys: PublicKeys = new Map();

	/** Atlas's clock minus ours, in ms. */
	private aheadMs = 0;

	/** When the last reading began. */
	private lastReadMs = -Infinity;

	/** All deliveries until the next reading share its outcome, be it a failure. */
	private lastReading: Promise<void> = Promise.resolve();

	/**
	 * Whether Atlas signed a delivery, not long ago.
	 * @param nowMs our clock, in ms: one of now, because a set of keys outlives a sleep of the machine
	 * @param read gets the JSON Web Key Set; not kept, because it may hold on to a request
	 * @throws whatever `read` throws, for a minute: it may well be genuine. The keys are then as they were
	 */
	async hasSigned(delivery: Delivery, nowMs: number, read: () => Promise<KeySetAnswer>): Promise<boolean> {
		if (keyIdOf(delivery) === null) return false;
		const fits = () => isGenuine(delivery, this.keys, nowMs, nowMs + this.aheadMs);
		if (fits()) return true;
		if (Math.abs(nowMs - this.lastReadMs) >= MIN_REFRESH_MS) {
			this.lastReadMs = nowMs;
			this.lastReading = this.readOnce(read);
		}
		await this.lastReading;
		return fits();
	}

	private async readOnce(read: () => Promise<KeySetAnswer>): Promise<void> {
		const { json, dateMs, receivedAtMs } = await read();
		this.aheadMs = dateMs === null ? 0 : dateMs - receivedAtMs;
		const keys = readKeySet(json);
		// A key that is gone from the set is no longer trusted; an answer without any key is broken.
		if (keys.size > 0) this.keys = keys;
	}
}
