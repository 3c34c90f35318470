import type { IDataObject } from 'n8n-workflow';
import { forgetLeftovers } from '../../../nodes/AtlasCloud/api/purchases/leftovers';
import type { FaultAction, LedgerRequest, Sandbox } from '../../../sandbox';
import { mediaFile } from '../models';
import { runPlain, type PlainResult } from '../plainRun';
import { fastSandbox, picture, runSeedream, V4, type InputItem, type SeedreamOptions } from '../seedream';
import { virtualTime } from '../virtualTime';
import { classOf, ELSEWHERE, type FaultKind, type OutcomeClass } from './cases';
import type { Row } from './faultTable';

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
	/** For whoever has to find out why. */
	requests: string[];
}

export const API_KEY = 'key-that-must-never-be-seen-anywhere';

let rowsRun = 0;

const SOUND = mediaFile('sound.mp3', 'audio/mpeg');

const PHOTOS = Promise.all([60, 62, 64].map(async (width) => await picture({ width })));

function itemsOf({ use, name }: Row, sandbox: Sandbox, photos: Buffer[]): InputItem[] {
	const [first, second, third] = photos;
	switch (use.items) {
		case 'binary':
			return [{ files: { data: first } }];
		case 'threeFiles':
			return [{ files: { first, second, third } }];
		case 'sound':
			return [{ files: { data: SOUND } }];
		case 'url':
		case 'none':
			return [{}];
		case 'predictionId':
			return [{ json: { predictionId: foreignTask(sandbox, name) } }];
	}
}

/** A prediction that is done, and was not bought here. */
function foreignTask(sandbox: Sandbox, prompt: string): string {
	return sandbox.addForeignTask({ model: V4, prompt, images: [] });
}

/** In n8n's engine, or in what the node takes for it. */
async function runRow(
	{ endpoint, stops }: Row,
	given: SeedreamOptions,
	inEngine: boolean,
): Promise<PlainResult> {
	if (!inEngine) return await runPlain(given, stops);
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
function actionsOf({ action, date }: FaultKind, pictureUrl: string): FaultAction[] {
	const actions: FaultAction[] = date === undefined ? [] : [{ type: 'dateHeader', value: date }];
	if (action?.type === 'redirect') {
		const location = action.location.replace(ELSEWHERE, pictureUrl);
		actions.push({ ...action, location });
	} else if (action) actions.push(action);
	return actions;
}

/** Runs a row, with a service of its own. */
async function check(row: Row, inEngine: boolean): Promise<RowResult> {
	const { use, fault, world, endpoint } = row;
	const size = world?.outputBytes === undefined ? {} : { outputBytes: world.outputBytes };
	// A port may come again, and an account is told to wait for longer than a row takes.
	const apiKey = `${API_KEY}-${rowsRun++}`;
	const sandbox = await fastSandbox({ clock: virtualTime, apiKey, ...size });
	const { ledger } = sandbox;
	// What one row leaves behind is none of the next one's.
	forgetLeftovers();
	// Where Atlas has a picture that it can be given.
	const images = ledger.predictions.get(foreignTask(sandbox, 'somebody else'))?.outputs[0] ?? '';
	const fields = { prompt: row.name, url: images };
	const items = itemsOf(row, sandbox, await PHOTOS).map((item) => ({
		...item,
		json: { ...fields, ...item.json },
	}));
	const startedMs = virtualTime.nowMs();
	for (const action of actionsOf(fault, images))
		sandbox.addFault({ endpoint, action, times: row.forever ? Infinity : 1 });
	if (fault.settings) sandbox.setOptions(fault.settings(startedMs / 1_000));
	if (use.losesAnswer) sandbox.addFault({ endpoint: 'submit', action: { type: 'resetAfter' } });
	const parameters = {
		model: V4,
		prompt: '={{ $json.prompt }}',
		...(use.items === 'url' ? { images: '={{ $json.url }}' } : {}),
		...(use.items === 'predictionId' ? { predictionId: '={{ $json.predictionId }}' } : {}),
		...use.parameters,
		...world?.parameters,
	};
	const given = { sandbox, ...(use.node ? { node: use.node } : {}), parameters, items };
	const result = await runRow(row, given, inEngine);
	const endedMs = virtualTime.nowMs();
	await sandbox.close();
	const itemError = result.json[0]?.error as IDataObject | undefined;
	const message = result.error?.message ?? (itemError?.message as string | undefined) ?? '';
	const description = result.error?.description ?? (itemError?.description as string | undefined) ?? '';
	const { requests } = ledger;
	const begun = requests.find((one) => one.endpoint === 'submit' || one.endpoint === 'prediction');
	return {
		outcome:
			result.error || itemError ? classOf(message, description) : result.json.length > 0 ? 'done' : 'other',
		message,
		said: JSON.stringify([result.json, result.error?.message, result.error?.description]),
		everything: JSON.stringify(result.kept),
		charged: ledger.charges.map(({ predictionId }) => predictionId),
		predictionId: ((items[0]?.json as IDataObject | undefined)?.predictionId as string | undefined) ?? null,
		waitedMs: begun ? endedMs - begun.atMs : null,
		keyElsewhere: requests.filter(hasMisplacedKey).map((request) => JSON.stringify(request)),
		requests: requests.map(
			({ atMs, endpoint: asked, status }) =>
				`${Math.round(atMs - startedMs)} ms ${asked} ${status ?? 'no answer'}`,
		),
	};
}

function hasMisplacedKey({ remoteOrigin, authorization, path, body }: LedgerRequest): boolean {
	const isKeyless = remoteOrigin === 'files';
	return (isKeyless && authorization !== null) || JSON.stringify([path, body]).includes(API_KEY);
}

/** Runs all rows, several at once: they wait for the clock most of their time. */
export async function runRows(
	rows: Row[],
	atOnce: number,
	inEngine: boolean,
): Promise<Map<string, RowResult | Error>> {
	const results = new Map<string, RowResult | Error>();
	const queue = [...rows];
	const work = async () => {
		for (let row = queue.shift(); row; row = queue.shift()) {
			const result = await check(row, inEngine).catch((error: unknown) =>
				error instanceof Error ? error : new Error(String(error)),
			);
			results.set(row.name, result);
		}
	};
	await Promise.all(Array.from({ length: Math.min(atOnce, rows.length) }, work));
	return results;
}
