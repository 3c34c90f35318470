import { runBatch } from '../engine';
import { atMost, ms, told, type BenchContext, type Group, type Row } from '../rows';
import { mean, median, quantile, rounds } from '../statistics';

const AT_ONCE = 20;

interface Case {
	predictSeconds: number;
	items: number;
	/** One of minutes is measured once. */
	rounds: number;
	/** From done to known, on average. */
	maxLagMs: number;
	/** Polls, and pages of the history, per prediction. */
	maxRequests: number;
}

async function oneRound({ host }: BenchContext, { predictSeconds, items }: Case, seed: number) {
	return await host.with({ predictSeconds, seed }, async (sandbox) => {
		const parameters = { options: { concurrency: AT_ONCE } };
		const { knownAtMs } = await runBatch(host, sandbox, { items, parameters });
		const { predictions, calls } = await sandbox.ledger();
		const lagsMs = predictions.map(({ id, completedAtMs }) => knownAtMs[id] - (completedAtMs ?? NaN));
		return {
			meanMs: mean(lagsMs),
			lateMs: quantile(lagsMs, 0.95),
			requests: ((calls.prediction?.all ?? 0) + (calls.history?.all ?? 0)) / predictions.length,
		};
	});
}

async function rowsOf(context: BenchContext, one: Case): Promise<Row[]> {
	type Round = Awaited<ReturnType<typeof oneRound>>;
	const goalMs = one.maxLagMs;
	const of = (all: Round[], value: (round: Round) => number) => median(all.map(value));
	const measured = await rounds(
		one.rounds,
		(all: Round[]) =>
			of(all, ({ meanMs }) => meanMs) > goalMs || of(all, ({ requests }) => requests) > one.maxRequests,
		async (seed) => await oneRound(context, one, seed),
	);
	const what = `${one.predictSeconds} s predictions`;
	const requests = of(measured, (round) => round.requests);
	return [
		atMost(
			`${what}: done to known, mean`,
			of(measured, ({ meanMs }) => meanMs),
			goalMs,
			ms,
		),
		told(`${what}: done to known, 95th percentile`, ms(of(measured, ({ lateMs }) => lateMs))),
		atMost(`${what}: requests to check each`, requests, one.maxRequests, (value) => value.toFixed(1)),
	];
}

export const noticing: Group = {
	name: 'noticing',
	title: 'Noticing',
	takes: 'about 10 minutes',
	note: 'Batches with Concurrency 20 and times of ± 25%: 100 edits of 2 s, 100 of 8 s, 60 of 60 s. From the moment that a prediction is done to the one at which the node knows.',
	async measure(context) {
		const cases: Case[] = context.isShort
			? [{ predictSeconds: 0.5, items: 10, rounds: 1, maxLagMs: 250, maxRequests: 8 }]
			: [
					{ predictSeconds: 2, items: 100, rounds: 3, maxLagMs: 250, maxRequests: 5.5 },
					{ predictSeconds: 8, items: 100, rounds: 3, maxLagMs: 200, maxRequests: 1 },
					{ predictSeconds: 60, items: 60, rounds: 1, maxLagMs: 3_000, maxRequests: 8 },
				];
		const rows: Row[] = [];
		for (const one of cases) rows.push(...(await rowsOf(context, one)));
		return rows;
	},
};
