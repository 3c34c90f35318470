import { generateKeyPairSync, sign } from 'node:crypto';
import { isGenuine, keyIdOf, KeySet, readKeySet } from '../../nodes/AtlasCloud/api/webhooks/signature';

const NOW_MS = 1_800_000_000_000;
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'key-1' };
const keys = readKeySet({ keys: [jwk] });
const body = Buffer.from('{"session_id":"abc"}');

function signed({ at = NOW_MS / 1_000, content = body, kid = 'key-1' } = {}) {
	const signature = sign(null, Buffer.concat([Buffer.from(`${at}.`), content]), privateKey);
	const headers: Record<string, unknown> = {
		'x-atlascloud-webhook-timestamp': String(at),
		'x-atlascloud-webhook-key-id': kid,
		'x-atlascloud-webhook-signature-ed25519': signature.toString('base64url'),
	};
	return { headers, rawBody: content };
}

it('accepts what Atlas signed', () => {
	expect(isGenuine(signed(), keys, NOW_MS)).toBe(true);
	expect(keyIdOf(signed())).toBe('key-1');
});

it('accepts a signature with padding, and one in the bare header', () => {
	const delivery = signed();
	const name = 'x-atlascloud-webhook-signature-ed25519';
	const value = String(delivery.headers[name]);
	delivery.headers[name] = `${value}==`;
	expect(isGenuine(delivery, keys, NOW_MS)).toBe(true);
	delete delivery.headers[name];
	delivery.headers['x-atlascloud-webhook-signature'] = value;
	expect(isGenuine(delivery, keys, NOW_MS)).toBe(true);
});

it('takes no HMAC in the bare header for a signature', () => {
	const delivery = signed();
	delete delivery.headers['x-atlascloud-webhook-signature-ed25519'];
	delivery.headers['x-atlascloud-webhook-signature'] = 'ab'.repeat(32);
	expect(isGenuine(delivery, keys, NOW_MS)).toBe(false);
});

it('refuses a changed body, another time and another key', () => {
	expect(isGenuine({ ...signed(), rawBody: Buffer.from('{}') }, keys, NOW_MS)).toBe(false);
	const later = signed();
	later.headers['x-atlascloud-webhook-timestamp'] = String(NOW_MS / 1_000 + 1);
	expect(isGenuine(later, keys, NOW_MS)).toBe(false);
	expect(isGenuine(signed({ kid: 'key-2' }), keys, NOW_MS)).toBe(false);
	expect(isGenuine(signed(), new Map(), NOW_MS)).toBe(false);
});

it('refuses what is more than 300 seconds old, or from the future', () => {
	for (const [seconds, isFresh] of [
		[299, true],
		[301, false],
		[-299, true],
		[-301, false],
	] as const) {
		expect(isGenuine(signed({ at: NOW_MS / 1_000 - seconds }), keys, NOW_MS)).toBe(isFresh);
	}
});

it.each([{}, { 'x-atlascloud-webhook-timestamp': 'soon' }])(
	'refuses a delivery without a signature',
	(headers) => {
		expect(isGenuine({ headers, rawBody: body }, keys, NOW_MS)).toBe(false);
	},
);

it('leaves out keys of other kinds and broken ones', () => {
	const others = [
		{ ...jwk, kid: 'rsa', kty: 'RSA' },
		{ ...jwk, kid: 'short', x: 'AA' },
		{ ...jwk, kid: 1 },
		null,
	];
	expect([...readKeySet({ keys: [...others, jwk] }).keys()]).toEqual(['key-1']);
	expect(readKeySet('no').size).toBe(0);
});

function keySet(...ids: string[]) {
	return { keys: ids.map((kid) => ({ ...jwk, kid })) };
}

/** A key set on a clock that is set by hand. */
function setUp(answers: unknown[]) {
	let nowMs = 0;
	let reads = 0;
	const clock = { nowMs: () => nowMs, sleepMs: async () => {} };
	const read = async () => {
		const answer = answers[Math.min(reads++, answers.length - 1)];
		if (answer instanceof Error) throw answer;
		return answer;
	};
	const known = new KeySet(clock);
	const set = { keysFor: async (keyId: string) => await known.keysFor(keyId, read) };
	return { set, reads: () => reads, waitMs: (ms: number) => (nowMs += ms) };
}

describe('the key set', () => {
	it('reads the keys once, however many deliveries come at the same moment', async () => {
		const { set, reads } = setUp([keySet('a')]);
		const found = await Promise.all([set.keysFor('a'), set.keysFor('a'), set.keysFor('b')]);
		expect(found.map((keys) => keys.has('a'))).toEqual([true, true, true]);
		expect(reads()).toBe(1);
	});

	it('reads them again for an unknown ID, at most once a minute', async () => {
		const { set, reads, waitMs } = setUp([keySet('a'), keySet('a', 'b')]);
		await set.keysFor('a');
		expect((await set.keysFor('b')).has('b')).toBe(false);
		expect(reads()).toBe(1);
		waitMs(60_000);
		expect((await set.keysFor('b')).has('b')).toBe(true);
		expect(reads()).toBe(2);
	});

	it('keeps its keys when they cannot be read again', async () => {
		const { set, waitMs } = setUp([keySet('a'), new Error('down'), {}]);
		await set.keysFor('a');
		waitMs(60_000);
		await expect(set.keysFor('b')).rejects.toThrow('down');
		waitMs(60_000);
		expect((await set.keysFor('b')).has('a')).toBe(true);
	});

	it('fails for a minute after the keys couldn’t be read, without another read', async () => {
		const { set, reads, waitMs } = setUp([new Error('down'), keySet('a')]);
		await expect(set.keysFor('a')).rejects.toThrow('down');
		waitMs(1_000);
		await expect(set.keysFor('a')).rejects.toThrow('down');
		expect(reads()).toBe(1);
		waitMs(59_000);
		expect((await set.keysFor('a')).has('a')).toBe(true);
	});

	it('still knows its keys in that minute', async () => {
		const { set, waitMs } = setUp([keySet('a'), new Error('down')]);
		await set.keysFor('a');
		waitMs(60_000);
		await expect(set.keysFor('b')).rejects.toThrow('down');
		await expect(set.keysFor('b')).rejects.toThrow('down');
		expect((await set.keysFor('a')).has('a')).toBe(true);
	});
});
