import { runBatch } from '../engine';
import { atMost, ms, told, type BenchContext, type Group, type Row } from '../rows';
import { mean, quantile } from '../statistics';

const MOST_LOOKS = 5;

interface Case {
	predictSeconds: number;
	items: number;
}

async function rowsOf({ host }: BenchContext, { predictSeconds, items }: Case): Promise<Row[]> {
	return await host.with({ predictSeconds, seed: 7 }, async (sandbox) => {
		const { knownAtMs } = await runBatch(host, sandbox, { items });
		const { predictions, calls } = await sandbox.ledger();
		const lagsMs = predictions.map(({ id, completedAtMs }) => knownAtMs[id] - (completedAtMs ?? NaN));
		const goalMs = Math.max(250, 50 * predictSeconds);
		const looks = (calls.prediction?.all ?? 0) / predictions.length;
		const of = `${predictSeconds} s predictions`;
		return [
			atMost(`${of}: done to known, mean`, mean(lagsMs), goalMs, ms),
			told(`${of}: done to known, 95th percentile`, ms(quantile(lagsMs, 0.95))),
			atMost(`${of}: looks per prediction`, looks, MOST_LOOKS, (value) => value.toFixed(1)),
		];
	});
}

export const noticing: Group = {
	name: 'noticing',
	title: 'Noticing',
	note: 'Batches with 20 at once and times of ± 25%: 100 edits of 2 s, 100 of 8 s, 60 of 60 s. From the moment that a prediction is done to the one at which the node knows.',
	async measure(context) {
		const cases: Case[] = context.isShort
			? [{ predictSeconds: 0.5, items: 10 }]
			: [
					{ predictSeconds: 2, items: 100 },
					{ predictSeconds: 8, items: 100 },
					{ predictSeconds: 60, items: 60 },
				];
		const rows: Row[] = [];
		for (const one of cases) rows.push(...(await rowsOf(context, one)));
		return rows;
	},
};
