import { runBatch } from '../engine';
import { atMost, ms, told, type BenchContext, type Group, type Row } from '../rows';
import { mean, median, quantile, rounds } from '../statistics';

const AT_ONCE = 20;
const MAX_POLLS = 5;
/** Each within a twentieth of its time, and an edit of 8 s within this, in ms. */
const MAX_LAG_MS = 250;
const MAX_LAG_SHARE = 0.05;
const MAX_EDIT_SECONDS = 10;

interface Case {
	predictSeconds: number;
	items: number;
	/** One of minutes is measured once. */
	rounds: number;
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
			polls: (calls.prediction?.all ?? 0) / predictions.length,
		};
	});
}

async function rowsOf(context: BenchContext, one: Case): Promise<Row[]> {
	type Round = Awaited<ReturnType<typeof oneRound>>;
	const isEdit = one.predictSeconds <= MAX_EDIT_SECONDS;
	const goalMs = isEdit ? MAX_LAG_MS : MAX_LAG_SHARE * 1_000 * one.predictSeconds;
	const of = (all: Round[], value: (round: Round) => number) => median(all.map(value));
	const measured = await rounds(
		one.rounds,
		(all: Round[]) => of(all, ({ meanMs }) => meanMs) > goalMs || of(all, ({ polls }) => polls) > MAX_POLLS,
		async (seed) => await oneRound(context, one, seed),
	);
	const what = `${one.predictSeconds} s predictions`;
	const polls = of(measured, (round) => round.polls);
	return [
		atMost(
			`${what}: done to known, mean`,
			of(measured, ({ meanMs }) => meanMs),
			goalMs,
			ms,
		),
		told(`${what}: done to known, 95th percentile`, ms(of(measured, ({ lateMs }) => lateMs))),
		atMost(`${what}: polls per prediction`, polls, MAX_POLLS, (value) => value.toFixed(1)),
	];
}

export const noticing: Group = {
	name: 'noticing',
	title: 'Noticing',
	takes: 'about 10 minutes',
	note: 'Batches with Concurrency 20 and times of ± 25%: 100 edits of 2 s, 100 of 8 s, 60 of 60 s. From the moment that a prediction is done to the one at which the node knows.',
	async measure(context) {
		const cases: Case[] = context.isShort
			? [{ predictSeconds: 0.5, items: 10, rounds: 1 }]
			: [
					{ predictSeconds: 2, items: 100, rounds: 3 },
					{ predictSeconds: 8, items: 100, rounds: 3 },
					{ predictSeconds: 60, items: 60, rounds: 1 },
				];
		const rows: Row[] = [];
		for (const one of cases) rows.push(...(await rowsOf(context, one)));
		return rows;
	},
};
