import type { AtlasClient } from '../http/client';
import { readHistoricDurations } from './historicDurations';
import type { PollSchedule } from './pollSchedule';
import type { WaitingPrediction } from './waitingPrediction';

/** What is in progress for so long is no edit: those take up to 10 s, see docs/atlas-cloud-api.md, The Seedream models. */
const SLOW_MS = 15_000;

/** Asks the account's history how long slow models take of which nothing is known. Each is asked for once. */
export class SlowModels {
	private readonly askedModels = new Set<string>();

	/** @param onLearned called when the schedule may have changed */
	constructor(
		private readonly client: AtlasClient,
		private readonly schedule: PollSchedule,
		private readonly onLearned: () => void,
	) {}

	askIfSlow(waiting: WaitingPrediction): void {
		const { model } = waiting;
		const isSlow = this.schedule.isSlow(waiting) || waiting.elapsedMs(this.client.clock.nowMs()) >= SLOW_MS;
		if (!isSlow || model === '' || this.askedModels.has(model) || !this.schedule.isUnknown(waiting)) return;
		this.askedModels.add(model);
		void readHistoricDurations(this.client, model).then((durationsMs) => {
			this.schedule.learnHistory(waiting, durationsMs);
			this.onLearned();
		});
	}
}
