import type { IDataObject } from 'n8n-workflow';
import { forgetLeftovers } from '../../../nodes/AtlasCloud/api/purchases/leftovers';
import type { ChangeableOptions, FaultAction, LedgerRequest, Sandbox } from '../../../sandbox';
import { mediaFile } from '../models';
import { runPlain, type PlainResult } from '../plainRun';
import {
	fastSandbox,
	picture,
	runSeedream,
	V4,
	type InputFile,
	type InputItem,
	type SeedreamOptions,
} from '../seedream';
import { virtualTime } from '../virtualTime';
import { classOf, ELSEWHERE, type FaultKind, type OutcomeClass } from './cases';
import { isForLong, type Row } from './faultTable';

/** What is checked of a row, gathered while it ran. */
export interface RowResult {
	outcome: OutcomeClass;
	message: string;
	/** What a person gets to see: the items' json, or the error with its description. */
	said: string;
	/** All that is kept or sent to a screen: the execution's data, its context among it. */
	everything: string;
	charged: string[];
	predictionId: string | null;
	/** From the first submit or look to the end, in ms; null where there was none. */
	waitedMs: number | null;
	/** Requests with the key that went elsewhere than to the API, or had it in another place than its header. */
	keyElsewhere: string[];
	apiKey: string;
	/** For whoever has to find out why. */
	requests: string[];
}

/** As the sandbox is where a row does not say otherwise. */
const NORMAL: Partial<ChangeableOptions> = {
	limits: {},
	history: {},
	clockSkewSeconds: 0,
	base64Form: 'dataUri',
	price: {},
	chargeFailedTasks: false,
};

const API_KEY = 'key-that-must-never-be-seen-anywhere';

/** A sandbox, used by one row after another. */
export class Bench {
	private constructor(
		private readonly inEngine: boolean,
		private readonly sandbox: Sandbox,
		private readonly photos: Buffer[],
		private readonly sound: InputFile = mediaFile('sound.mp3', 'audio/mpeg'),
	) {}

	static async open(inEngine: boolean, outputBytes?: number): Promise<Bench> {
		const size = outputBytes === undefined ? {} : { outputBytes };
		const sandbox = await fastSandbox({ clock: virtualTime, apiKey: API_KEY, ...size });
		const photos = await Promise.all([60, 62, 64].map(async (width) => await picture({ width })));
		return new Bench(inEngine, sandbox, photos);
	}

	async close(): Promise<void> {
		await this.sandbox.close();
	}

	private itemsOf(row: Row): InputItem[] {
		const [first, second, third] = this.photos;
		switch (row.use.items) {
			case 'binary':
				return [{ files: { data: first } }];
			case 'threeFiles':
				return [{ files: { first, second, third } }];
			case 'sound':
				return [{ files: { data: this.sound } }];
			case 'url':
			case 'none':
				return [{}];
			case 'predictionId':
				return [{ json: { predictionId: this.foreignTask(row.name) } }];
		}
	}

	/** A prediction that is done, and was not bought here. */
	private foreignTask(prompt: string): string {
		return this.sandbox.addForeignTask({ model: V4, prompt, images: [] });
	}

	/** Where Atlas has a picture that it can be given. */
	private pictureUrl(): string {
		const id = this.foreignTask('somebody else');
		return this.sandbox.ledger.predictions.get(id)?.outputs[0] ?? '';
	}

	/** In n8n's engine, or in what the node takes for it. */
	private async run({ endpoint, stops }: Row, given: SeedreamOptions): Promise<PlainResult> {
		if (!this.inEngine) return await runPlain(given, stops);
		const { run, json, error, sentToEditor } = await runSeedream({
			...given,
			// Files on disk take most of the time, and matter only where one is not whole.
			binaryMode: endpoint === 'file' ? 'filesystem' : 'default',
			nodeExtras: stops ? {} : { onError: 'continueRegularOutput' },
			executionId: '77',
		});
		return { json, error, kept: [run.data, error?.context, sentToEditor] };
	}

	/** What is to be made of the requests that the fault strikes. */
	private actionsOf({ action, date }: FaultKind): FaultAction[] {
		const actions: FaultAction[] = date === undefined ? [] : [{ type: 'dateHeader', value: date }];
		if (action?.type === 'redirect') {
			const location = action.location.replace(ELSEWHERE, this.pictureUrl());
			actions.push({ ...action, location });
		} else if (action) actions.push(action);
		return actions;
	}

	async check(row: Row): Promise<RowResult> {
		// What one row leaves behind is none of the next one's.
		forgetLeftovers();
		const { sandbox } = this;
		const { ledger } = sandbox;
		const images = this.pictureUrl();
		const fields = { prompt: row.name, url: images };
		const items = this.itemsOf(row).map((item) => ({ ...item, json: { ...fields, ...item.json } }));
		const before = { charges: ledger.charges.length, requests: ledger.requests.length };
		const startedMs = virtualTime.nowMs();
		for (const action of this.actionsOf(row.fault))
			sandbox.addFault({ endpoint: row.endpoint, action, times: row.forever ? Infinity : 1 });
		if (row.fault.settings) sandbox.setOptions(row.fault.settings(startedMs / 1_000));
		if (row.use.losesAnswer) sandbox.addFault({ endpoint: 'submit', action: { type: 'resetAfter' } });
		const result = await this.run(row, {
			sandbox,
			...(row.use.node ? { node: row.use.node } : {}),
			parameters: {
				model: V4,
				prompt: row.name,
				...(row.use.items === 'url' ? { images } : {}),
				...(row.use.items === 'predictionId' ? { predictionId: '={{ $json.predictionId }}' } : {}),
				...row.use.parameters,
				...row.world?.parameters,
			},
			items,
		});
		const endedMs = virtualTime.nowMs();
		sandbox.clearFaults();
		if (row.fault.settings) sandbox.setOptions(NORMAL);
		const itemError = result.json[0]?.error as IDataObject | undefined;
		const message = result.error?.message ?? (itemError?.message as string | undefined) ?? '';
		const description = result.error?.description ?? (itemError?.description as string | undefined) ?? '';
		const requests = ledger.requests.slice(before.requests);
		const begun = requests.find(({ endpoint }) => endpoint === 'submit' || endpoint === 'prediction');
		return {
			outcome:
				result.error || itemError ? classOf(message, description) : result.json.length > 0 ? 'done' : 'other',
			message,
			said: JSON.stringify([result.json, result.error?.message, result.error?.description]),
			everything: JSON.stringify(result.kept),
			charged: ledger.charges.slice(before.charges).map(({ predictionId }) => predictionId),
			predictionId: ((items[0]?.json as IDataObject | undefined)?.predictionId as string | undefined) ?? null,
			waitedMs: begun ? endedMs - begun.atMs : null,
			keyElsewhere: requests.filter(hasMisplacedKey).map((request) => JSON.stringify(request)),
			apiKey: API_KEY,
			requests: requests.map(
				({ atMs, endpoint, status }) =>
					`${Math.round(atMs - startedMs)} ms ${endpoint} ${status ?? 'no answer'}`,
			),
		};
	}
}

function hasMisplacedKey({ remoteOrigin, authorization, path, body }: LedgerRequest): boolean {
	const isKeyless = remoteOrigin === 'files';
	return (isKeyless && authorization !== null) || JSON.stringify([path, body]).includes(API_KEY);
}

/** Runs all rows, several at once, each on a bench of its own: rows wait for the clock most of their time. */
export async function runRows(
	rows: Row[],
	atOnce: number,
	inEngine: boolean,
): Promise<Map<string, RowResult | Error>> {
	const results = new Map<string, RowResult | Error>();
	const queue = [...rows];
	const work = async () => {
		const bench = await Bench.open(inEngine);
		for (let row = queue.shift(); row; row = queue.shift()) {
			const own = row.world?.outputBytes;
			// What an account is told to wait for, its next row would wait for as well.
			const spoils = own !== undefined || isForLong(row.fault);
			const used = spoils ? await Bench.open(inEngine, own) : bench;
			const result = await used
				.check(row)
				.catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
			results.set(row.name, result);
			if (used !== bench) await used.close();
		}
		await bench.close();
	};
	await Promise.all(Array.from({ length: Math.min(atOnce, rows.length) }, work));
	return results;
}
