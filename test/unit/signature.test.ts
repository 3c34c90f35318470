import { generateKeyPairSync, sign } from 'node:crypto';
import { isGenuine, keyIdOf, readKeySet } from '../../nodes/AtlasCloud/api/webhooks/signature';

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
