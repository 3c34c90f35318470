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

const answerOf = (...keyIds: string[]) => ({
	json: { keys: keyIds.map((kid) => ({ ...jwk, kid })) },
	dateMs: null as number | null,
	receivedAtMs: 0,
});

/** A key set on a clock that is set by hand. */
function setUp(...answers: Array<Error | ReturnType<typeof answerOf>>) {
	let nowMs = NOW_MS;
	let reads = 0;
	const read = async () => {
		const answer = answers[Math.min(reads++, answers.length - 1)];
		if (answer instanceof Error) throw answer;
		return await Promise.resolve({ ...answer, receivedAtMs: nowMs });
	};
	const set = new KeySet();
	/** Whether a delivery counts that is signed with this key, at this time on our clock. */
	const hasSigned = async (kid: string, ageMs = 0) =>
		await set.hasSigned(signed({ kid, at: (nowMs - ageMs) / 1_000 }), nowMs, read);
	return { hasSigned, reads: () => reads, waitMs: (ms: number) => (nowMs += ms) };
}

describe('the key set', () => {
	it('reads the keys once, however many deliveries come at the same moment', async () => {
		const { hasSigned, reads } = setUp(answerOf('a'));
		expect(await Promise.all(['a', 'a', 'b'].map(async (kid) => await hasSigned(kid)))).toEqual([
			true,
			true,
			false,
		]);
		expect(reads()).toBe(1);
	});

	it('reads them again for an unknown ID, at most once a minute', async () => {
		const { hasSigned, reads, waitMs } = setUp(answerOf('a'), answerOf('a', 'b'));
		await hasSigned('a');
		expect(await hasSigned('b')).toBe(false);
		expect(reads()).toBe(1);
		waitMs(60_000);
		expect(await hasSigned('b')).toBe(true);
		expect(reads()).toBe(2);
	});

	it('keeps its keys when they cannot be read again', async () => {
		const { hasSigned, waitMs } = setUp(answerOf('a'), new Error('down'), answerOf());
		await hasSigned('a');
		waitMs(60_000);
		await expect(hasSigned('b')).rejects.toThrow('down');
		expect(await hasSigned('a')).toBe(true);
		waitMs(60_000);
		expect(await hasSigned('b')).toBe(false);
		expect(await hasSigned('a')).toBe(true);
	});

	it('fails for a minute after the keys couldn’t be read, without another read', async () => {
		const { hasSigned, reads, waitMs } = setUp(new Error('down'), answerOf('a'));
		await expect(hasSigned('a')).rejects.toThrow('down');
		waitMs(1_000);
		await expect(hasSigned('a')).rejects.toThrow('down');
		expect(reads()).toBe(1);
		waitMs(59_000);
		expect(await hasSigned('a')).toBe(true);
	});

	it('takes Atlas’s clock for the time of a delivery where ours is off, also if that happens later', async () => {
		const { hasSigned, waitMs } = setUp(answerOf('a'), {
			...answerOf('a'),
			dateMs: NOW_MS + 60_000 - 3_600_000,
		});
		await hasSigned('a');
		expect(await hasSigned('a', 3_600_000)).toBe(false);
		waitMs(60_000);
		expect(await hasSigned('a', 3_600_000)).toBe(true);
		expect(await hasSigned('a', 3_600_000 - 301_000)).toBe(false);
		expect(await hasSigned('a')).toBe(true);
	});
});
