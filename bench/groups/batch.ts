import type { SandboxOptions } from '../../sandbox/types';
import { bareClientMs, usualWayMs } from '../clients';
import { runBatch } from '../engine';
import { idealMs } from '../ideal';
import { atLeast, atMost, seconds, times, told, type BenchContext, type Group } from '../rows';
import { median, rounds } from '../statistics';

const AT_ONCE = 20;
const MAX_OF_BARE = 1.1;
/** Of the usual way so many are measured and scaled: all hundred would take seven minutes. */
const USUAL_ITEMS = 10;

async function oneRound({ host }: BenchContext, items: number, options: SandboxOptions) {
	const node = await host.with(options, async (sandbox) => {
		const { nodeMs } = await runBatch(host, sandbox, { items });
		const ledger = await sandbox.ledger();
		return { nodeMs, idealMs: idealMs(ledger, AT_ONCE), refused: ledger.calls.submit?.refused ?? 0 };
	});
	const bareMs = await host.with(options, async (sandbox) => await bareClientMs(sandbox, items, AT_ONCE));
	return { ...node, bareMs };
}

export const batch: Group = {
	name: 'batch',
	title: 'A batch of 100',
	takes: 'about 3 minutes',
	note: `100 photos, predictions of 3 s ± 25%, ${AT_ONCE} at once (a submit beyond is refused). The usual way (one item after another, a poll every 2 s) is measured with ${USUAL_ITEMS} items and scaled.`,
	async measure(context) {
		const { host, isShort } = context;
		const items = isShort ? 25 : 100;
		const predictSeconds = isShort ? 0.3 : 3;
		const optionsOf = (seed: number): SandboxOptions => ({
			predictSeconds,
			seed,
			limits: { runningAtOnce: AT_ONCE },
		});
		type Round = Awaited<ReturnType<typeof oneRound>>;
		const ofBare = (measured: Round[]) => median(measured.map(({ nodeMs, bareMs }) => nodeMs / bareMs));
		const measured = await rounds(
			isShort ? 1 : 3,
			(all: Round[]) => ofBare(all) > MAX_OF_BARE,
			async (seed) => await oneRound(context, items, optionsOf(seed)),
		);
		const usualItems = isShort ? 1 : USUAL_ITEMS;
		const usualMs =
			(await host.with(optionsOf(1), async (sandbox) => await usualWayMs(sandbox, usualItems))) *
			(items / usualItems);
		const of = (value: (round: Round) => number) => median(measured.map(value));
		return [
			told('Wall time', seconds(of(({ nodeMs }) => nodeMs))),
			told('÷ ideal (what the server’s timing allows)', times(of((round) => round.nodeMs / round.idealMs))),
			atMost('÷ bare undici client with a perfect view', ofBare(measured), MAX_OF_BARE, times),
			atLeast('Faster than the usual way', usualMs / of(({ nodeMs }) => nodeMs), 12, times),
			told('Submits refused', String(of(({ refused }) => refused))),
		];
	},
};
