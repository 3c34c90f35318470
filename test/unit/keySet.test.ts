import { generateKeyPairSync } from 'node:crypto';
import { KeySet } from '../../nodes/AtlasCloud/api/webhooks/signature';

function keySet(...ids: string[]) {
	const { publicKey } = generateKeyPairSync('ed25519');
	return { keys: ids.map((kid) => ({ ...publicKey.export({ format: 'jwk' }), kid })) };
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
