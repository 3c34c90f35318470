import { runBatch } from '../engine';
import { idealMs } from '../ideal';
import { atMost, megabytes, times, told, type BenchContext, type Group, type Row } from '../rows';
import { median, rounds } from '../statistics';

const AT_ONCE = 20;
/** So small that what is not needed any more has to go: what is needed then shows. */
const HEAP_MB = 100;
const MAX_OF_IDEAL = 1.15;

async function oneRound({ host }: BenchContext, items: number, predictSeconds: number, seed: number) {
	const options = { predictSeconds, seed, limits: { runningAtOnce: AT_ONCE } };
	return await host.with(options, async (sandbox) => {
		const { nodeMs, peakMb } = await runBatch(host, sandbox, { items, heapMb: HEAP_MB });
		return { ratio: nodeMs / idealMs(await sandbox.ledger(), AT_ONCE), peakMb };
	});
}

export const growth: Group = {
	name: 'growth',
	title: 'Growth',
	takes: 'about 6 minutes',
	note: `As above, with 1 to 1,000 photos, and a JavaScript heap of at most ${HEAP_MB} MB (without a limit V8 cleans up late). Memory is the peak of the whole process with n8n-core in it; per item counts what 900 more items add.`,
	async measure(context) {
		const sizes = context.isShort ? [1, 10] : [1, 10, 100, 1_000];
		type Round = Awaited<ReturnType<typeof oneRound>>;
		const rows: Row[] = [];
		const peaks: number[] = [];
		for (const items of sizes) {
			const ratioOf = (all: Round[]) => median(all.map(({ ratio }) => ratio));
			const measured = await rounds(
				context.isShort || items >= 100 ? 1 : items === 1 ? 5 : 3,
				(all: Round[]) => ratioOf(all) > MAX_OF_IDEAL,
				async (seed) => await oneRound(context, items, context.isShort ? 0.3 : 3, seed),
			);
			const peakMb = median(measured.map((round) => round.peakMb));
			peaks.push(peakMb);
			const what = `${items.toLocaleString('en')} ${items === 1 ? 'item' : 'items'}`;
			rows.push(atMost(`${what} ÷ ideal`, ratioOf(measured), MAX_OF_IDEAL, times));
			rows.push(told(`${what}: peak memory`, megabytes(peakMb)));
		}
		if (!context.isShort) {
			const perItemKb = ((peaks[3] - peaks[2]) * 1_024) / 900;
			rows.push(
				atMost('Memory per item from 100 to 1,000', perItemKb, 50, (value) => `${Math.round(value)} kB`),
			);
		}
		return rows;
	},
};
