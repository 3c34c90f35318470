import type { SandboxLimits } from '../../sandbox/types';
import { runBatch } from '../engine';
import { idealMs } from '../ideal';
import { atMost, percent, times, told, type BenchContext, type Group } from '../rows';
import { median, rounds } from '../statistics';

const AT_ONCE = 20;
const MAX_OF_ALLOWED = 1.35;
const MAX_REFUSED = 0.2;

const SUBMITS = { perSecond: 5, burst: 5 };
const LIMITS: SandboxLimits = { submits: SUBMITS, polls: { perSecond: 10, burst: 10 } };

async function oneRound({ host }: BenchContext, items: number, seed: number) {
	return await host.with({ predictSeconds: 3, seed, limits: LIMITS }, async (sandbox) => {
		const { nodeMs } = await runBatch(host, sandbox, { items });
		const ledger = await sandbox.ledger();
		const share = (endpoint: string) => {
			const { all, refused } = ledger.calls[endpoint] ?? { all: 0, refused: 0 };
			return refused / all;
		};
		return {
			ofAllowed: nodeMs / idealMs(ledger, AT_ONCE, SUBMITS),
			submits: share('submit'),
			polls: share('prediction'),
		};
	});
}

export const limits: Group = {
	name: 'limits',
	title: 'Rate limits',
	takes: 'about 2 minutes',
	note: '100 photos, predictions of 3 s ± 25%, against a token bucket of 5 submits a second (burst 5) and one of 10 polls a second. The node is told nothing but 429.',
	async measure(context) {
		type Round = Awaited<ReturnType<typeof oneRound>>;
		const { isShort } = context;
		const of = (all: Round[], value: (round: Round) => number) => median(all.map(value));
		const measured = await rounds(
			isShort ? 1 : 3,
			(all: Round[]) =>
				of(all, ({ ofAllowed }) => ofAllowed) > MAX_OF_ALLOWED ||
				of(all, ({ submits }) => submits) > MAX_REFUSED,
			async (seed) => await oneRound(context, isShort ? 20 : 100, seed),
		);
		return [
			atMost(
				'÷ the time that the limits allow',
				of(measured, ({ ofAllowed }) => ofAllowed),
				MAX_OF_ALLOWED,
				times,
			),
			atMost(
				'Submits refused',
				of(measured, ({ submits }) => submits),
				MAX_REFUSED,
				percent,
			),
			told('Polls refused', percent(of(measured, ({ polls }) => polls))),
		];
	},
};
