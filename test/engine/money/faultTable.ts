import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { IDataObject } from 'n8n-workflow';
import {
	DOWNLOAD_TIMEOUT_MS,
	READ_TIMEOUT_MS,
	SUBMIT_TIMEOUT_MS,
} from '../../../nodes/AtlasCloud/api/http/timeouts';
import { SEARCH_MS } from '../../../nodes/AtlasCloud/api/purchases/lostSubmits';
import type { ChangeableOptions, Endpoint, FaultAction, LedgerRequest, Sandbox } from '../../../sandbox';
import { fastSandbox, picture, runSeedream, V4, type InputItem } from '../seedream';
import { virtualTime } from '../virtualTime';
import {
	classOf,
	ELSEWHERE,
	faultsOf,
	RESULT_FAULTS,
	WORLDS,
	type FaultKind,
	type OutcomeClass,
	type World,
} from './cases';

/** One way to use the node, and the requests it makes. */
export interface Use {
	name: string;
	parameters: Record<string, unknown>;
	items: 'binary' | 'threeFiles' | 'url' | 'predictionId' | 'none';
	endpoints: Endpoint[];
	/** Purchases that it buys. */
	wanted: 0 | 1;
	/** Lets every submit's answer be lost, so that the history is looked at. */
	losesAnswer?: boolean;
}

const TIMEOUT_MS = 100_000;

const OPTIONS = { timeoutSeconds: TIMEOUT_MS / 1_000 };

export const USES: Use[] = [
	{
		name: 'edit a file',
		parameters: { resource: 'image', operation: 'edit', options: OPTIONS },
		items: 'binary',
		endpoints: ['upload', 'submit', 'prediction', 'file'],
		wanted: 1,
	},
	{
		name: 'edit a URL, its answer lost',
		parameters: { resource: 'image', operation: 'edit', size: '1024*1024', options: OPTIONS },
		items: 'url',
		endpoints: ['history'],
		wanted: 1,
		losesAnswer: true,
	},
	{
		name: 'edit with a model of the catalog',
		parameters: {
			resource: 'image',
			operation: 'edit',
			model: 'bytedance/seedream-v4.5/edit',
			size: '2048*2048',
			options: OPTIONS,
		},
		items: 'url',
		endpoints: ['models', 'schema'],
		wanted: 1,
	},
	{
		name: 'edit three files',
		parameters: {
			resource: 'image',
			operation: 'edit',
			inputDataFieldName: 'first, second, third',
			options: OPTIONS,
		},
		items: 'threeFiles',
		endpoints: [],
		wanted: 1,
	},
	{
		name: 'upload',
		parameters: { resource: 'image', operation: 'upload' },
		items: 'binary',
		endpoints: ['upload'],
		wanted: 0,
	},
	{
		name: 'get a quote',
		parameters: { resource: 'prediction', operation: 'quote', options: {} },
		items: 'binary',
		endpoints: ['quote'],
		wanted: 0,
	},
	{
		name: 'edit with a cost limit',
		parameters: { resource: 'image', operation: 'edit', options: { ...OPTIONS, maxCostUsd: 0.027 } },
		items: 'binary',
		endpoints: ['quote'],
		wanted: 1,
	},
	{
		name: 'submit',
		parameters: { resource: 'prediction', operation: 'submit', options: {} },
		items: 'binary',
		endpoints: ['upload', 'submit'],
		wanted: 1,
	},
	{
		name: 'wait for completion',
		parameters: { resource: 'prediction', operation: 'waitForCompletion', options: OPTIONS },
		items: 'predictionId',
		endpoints: ['prediction', 'file'],
		wanted: 0,
	},
	{
		name: 'get',
		parameters: { resource: 'prediction', operation: 'get', options: {} },
		items: 'predictionId',
		endpoints: ['prediction', 'file'],
		wanted: 0,
	},
	{
		name: 'get many',
		parameters: { resource: 'prediction', operation: 'getAll', returnAll: false, limit: 3 },
		items: 'none',
		endpoints: ['history'],
		wanted: 0,
	},
];

export interface Row {
	name: string;
	use: Use;
	endpoint: Endpoint;
	fault: FaultKind;
	/** Once, or every time. */
	forever: boolean;
	/** On Error: stop the workflow, instead of an error item. */
	stops: boolean;
	/** What is to come of it. */
	outcome: OutcomeClass;
	/** Where it is not a fault that makes the row. */
	world?: World;
}

/** Statuses at which a read is told at once. */
const FINAL = [400, 401, 402, 403, 404, 409, 413, 451];
const VERDICT = [401, 402, 403, 451];
const NOT_FOUND = [400, 404];

/** After these the task of a submit is there, and so is nothing of its answer that could be used. */
const LOST_ANSWERS = [
	'resetAfter',
	'hangAfter',
	'truncate',
	'malformedJson',
	'wrongTypes',
	'emptyObject',
	'hugeBody',
];

/** 0: there is none. */
function statusOf({ action }: FaultKind): number {
	if (action?.type === 'redirect') return action.status ?? 302;
	return action?.type === 'status' ? action.status : 0;
}

/** Whether it is Atlas's own envelope that tells the status. */
function isEnvelope({ action }: FaultKind): boolean {
	return action?.type === 'status' && action.body === undefined;
}

/** Whether the service says to come back tomorrow. */
function isForLong({ action }: FaultKind): boolean {
	return action?.type === 'status' && action.headers?.['retry-after'] !== undefined;
}

function ofSubmit(fault: FaultKind, forever: boolean): OutcomeClass {
	const { action } = fault;
	if (!action || action.type === 'delay' || LOST_ANSWERS.includes(action.type)) return 'done';
	if (action.type === 'trickle') return action.handled === false ? 'unknown' : 'done';
	if (action.type === 'status' && action.handled) return 'done';
	const status = statusOf(fault);
	if (!isEnvelope(fault)) return 'unknown';
	if (status === 429) return forever || isForLong(fault) ? 'refused' : 'done';
	return [400, 401, 402, 403, 404, 413, 451].includes(status) ? 'refused' : 'unknown';
}

function ofHistory(use: Use, fault: FaultKind, forever: boolean): OutcomeClass {
	const { date } = fault;
	if (date !== undefined) {
		// Where all that tells of Atlas's clock is wrong by minutes, the task's time cannot be told.
		const isWrong = typeof date === 'object' && forever;
		return use.losesAnswer && isWrong ? 'unknown' : 'done';
	}
	// The next look into the history tells what this one did not.
	if (use.losesAnswer) return forever ? 'unknown' : 'done';
	return ofRead(fault, forever);
}

function ofRead(fault: FaultKind, forever: boolean): OutcomeClass {
	const status = statusOf(fault);
	const isFinal = FINAL.includes(status) || (status >= 300 && status < 400);
	return forever || isFinal ? 'read' : 'done';
}

function ofPrediction(use: Use, fault: FaultKind, forever: boolean): OutcomeClass {
	const status = statusOf(fault);
	const waits = use.name !== 'get';
	if (VERDICT.includes(status)) return 'read';
	if (forever) return waits && !NOT_FOUND.includes(status) ? 'timeout' : 'read';
	// The pause that it asks for ends after the item's time, and is kept.
	if (status === 429 && isForLong(fault)) return waits ? 'timeout' : 'done';
	// A wait looks again whatever it was told; and a new prediction may not be visible yet.
	return waits || NOT_FOUND.includes(status) ? 'done' : ofRead(fault, forever);
}

function expected(use: Use, endpoint: Endpoint, fault: FaultKind, forever: boolean): OutcomeClass {
	if (fault.action?.type === 'delay') return 'done';
	if (endpoint === 'submit') return ofSubmit(fault, forever);
	if (endpoint === 'history') return ofHistory(use, fault, forever);
	if (!fault.action) return 'done';
	switch (endpoint) {
		case 'quote':
			// There is the list price, unless the account itself is refused.
			if (!VERDICT.includes(statusOf(fault))) return 'done';
			return use.wanted === 0 ? 'read' : 'input';
		case 'upload':
			// A refused upload is not a failed attempt, but a day is longer than anyone waits.
			return statusOf(fault) === 429 && isForLong(fault) ? 'read' : ofRead(fault, forever);
		case 'prediction':
			return ofPrediction(use, fault, forever);
		case 'file':
			if (fault.action.type === 'wrongTypes') return 'done';
			return forever || FINAL.includes(statusOf(fault)) ? 'download' : 'done';
		default:
			// Without a model's rules Atlas judges the request itself.
			return 'done';
	}
}

/** How often a fault strikes: once, every time, or each in a row of its own. */
function timesOf(endpoint: Endpoint, fault: FaultKind): boolean[] {
	// A wrong clock matters where a task's time is read; elsewhere nothing may come of it, however often.
	if (fault.date !== undefined && !fault.action) return endpoint === 'history' ? [false, true] : [true];
	// Every retry pauses as long as a read ever does: one such row for each use is enough.
	if (isForLong(fault) && statusOf(fault) === 503) return [false];
	// Of submits there is one only, but after a 429.
	if (endpoint === 'submit') return statusOf(fault) === 429 ? [false, true] : [false];
	return fault.name === 'huge body' && endpoint !== 'file' ? [false] : [false, true];
}

export function allRows(): Row[] {
	const rows: Row[] = [];
	const add = (row: Omit<Row, 'name'>) =>
		rows.push({
			...row,
			name: row.world
				? `${row.use.name}: ${row.fault.name}`
				: `${row.use.name}: ${row.endpoint}, ${row.fault.name}, ${row.forever ? 'always' : 'once'}${row.stops ? ', stops' : ''}`,
		});
	for (const use of USES) {
		for (const endpoint of use.endpoints) {
			for (const fault of faultsOf(endpoint)) {
				for (const forever of timesOf(endpoint, fault)) {
					const outcome = expected(use, endpoint, fault, forever);
					add({ use, endpoint, fault, forever, stops: false, outcome });
				}
				if (endpoint === 'submit' || (endpoint === 'file' && use.name === 'edit a file')) {
					const outcome = expected(use, endpoint, fault, true);
					if (outcome !== 'done') add({ use, endpoint, fault, forever: true, stops: true, outcome });
				}
			}
		}
		if (use.name === 'edit a file') {
			for (const { outcome, ...fault } of RESULT_FAULTS) {
				for (const stops of [false, true])
					add({ use, endpoint: 'submit', fault, forever: false, stops, outcome });
			}
		}
		for (const world of WORLDS) {
			const outcome = world.outcomes[use.name];
			if (outcome)
				add({ use, endpoint: 'submit', fault: world, forever: false, stops: false, outcome, world });
		}
	}
	return rows;
}

/** The node sleeps in slices of a second. */
const SLACK_MS = 1_000;

/** All tries of one picture, each with the pause after it. */
const DOWNLOADS_MS = 4 * (2 * DOWNLOAD_TIMEOUT_MS + 8_000);

/** To find out what became of a submit: its own answer, and the last round through the history after the others. */
const LOST_MS = SUBMIT_TIMEOUT_MS + READ_TIMEOUT_MS + SEARCH_MS + 15_000 + 2 * READ_TIMEOUT_MS;

/**
 * How long it may take from the first submit or look to the end, in ms; null where no time is set for it. Where an
 * answer's headers and its body have a time limit each, it counts twice.
 */
export function maxWaitMs({ use, outcome, endpoint }: Row): number | null {
	if (use.parameters.options !== OPTIONS) return null;
	switch (outcome) {
		case 'timeout':
			return TIMEOUT_MS + READ_TIMEOUT_MS + SLACK_MS;
		case 'refused':
			return TIMEOUT_MS + SUBMIT_TIMEOUT_MS + SLACK_MS;
		case 'unknown':
			return LOST_MS + SLACK_MS;
		default: {
			const mayBeLost = endpoint === 'submit' || endpoint === 'history';
			const downloadMs = endpoint === 'file' ? DOWNLOADS_MS : DOWNLOAD_TIMEOUT_MS;
			return (mayBeLost ? LOST_MS : 0) + TIMEOUT_MS + READ_TIMEOUT_MS + downloadMs + SLACK_MS;
		}
	}
}

/** What is checked of a row, gathered while it ran. */
export interface RowResult {
	outcome: OutcomeClass;
	message: string;
	/** What a person gets to see: the items' json, or the error with its description. */
	said: string;
	/** All that is kept or sent to a screen: the execution's data, its context among it, and events. */
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

/** Where redirects lead to: it only listens. */
export class Elsewhere {
	readonly seen: IncomingHttpHeaders[] = [];

	private readonly server: Server = createServer((request, response) => {
		this.seen.push(request.headers);
		request.resume();
		response.writeHead(200, { 'content-type': 'application/json' });
		response.end('{"code":200,"message":"success","data":{"id":"stolen","status":"created"}}');
	});

	async open(): Promise<void> {
		await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
	}

	get url(): string {
		return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
	}

	close(): void {
		this.server.closeAllConnections();
		this.server.close();
	}
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

/** A sandbox and a place for redirects, used by one row after another. */
export class Bench {
	private constructor(
		private readonly sandbox: Sandbox,
		private readonly elsewhere: Elsewhere,
		private readonly photos: Buffer[],
	) {}

	static async open(outputBytes?: number): Promise<Bench> {
		const elsewhere = new Elsewhere();
		await elsewhere.open();
		const size = outputBytes === undefined ? {} : { outputBytes };
		const sandbox = await fastSandbox({ clock: virtualTime, apiKey: API_KEY, ...size });
		const photos = await Promise.all([60, 62, 64].map(async (width) => await picture({ width })));
		return new Bench(sandbox, elsewhere, photos);
	}

	async close(): Promise<void> {
		this.elsewhere.close();
		await this.sandbox.close();
	}

	private async itemsOf(row: Row): Promise<InputItem[]> {
		const [first, second, third] = this.photos;
		switch (row.use.items) {
			case 'binary':
				return [{ files: { data: first } }];
			case 'threeFiles':
				return [{ files: { first, second, third } }];
			case 'url':
			case 'none':
				return [{}];
			case 'predictionId':
				return [{ json: { predictionId: await this.buy(row.name) } }];
		}
	}

	/** Buys an edit without the node, and waits until it is done. */
	private async buy(prompt: string): Promise<string> {
		const { baseUrl, ledger } = this.sandbox;
		const response = await fetch(`${baseUrl}/api/v1/model/generateImage`, {
			method: 'POST',
			headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
			body: JSON.stringify({ model: V4, prompt, images: [this.pictureUrl()] }),
		});
		const { id } = ((await response.json()) as { data: { id: string } }).data;
		while (ledger.predictions.get(id)?.status !== 'completed') await virtualTime.sleepMs(500);
		return id;
	}

	/** Where Atlas has a picture that it can be given. */
	private pictureUrl(): string {
		const id = this.sandbox.addForeignTask({ model: V4, prompt: 'somebody else', images: [] });
		return this.sandbox.ledger.predictions.get(id)?.outputs[0] ?? '';
	}

	private async run(parameters: Record<string, unknown>, items: InputItem[], stops: boolean) {
		return await runSeedream({
			sandbox: this.sandbox,
			parameters: { model: V4, ...parameters },
			items,
			nodeExtras: stops ? {} : { onError: 'continueRegularOutput' },
			executionId: '77',
		});
	}

	/** What is to be made of the requests that the fault strikes. */
	private actionsOf({ action, date }: FaultKind): FaultAction[] {
		const actions: FaultAction[] = date === undefined ? [] : [{ type: 'dateHeader', value: date }];
		if (action?.type === 'redirect') {
			const location = action.location.replace(ELSEWHERE, this.elsewhere.url);
			actions.push({ ...action, location });
		} else if (action) actions.push(action);
		return actions;
	}

	async check(row: Row): Promise<RowResult> {
		const { sandbox, elsewhere } = this;
		const { ledger } = sandbox;
		const items = await this.itemsOf(row);
		const imageUrls = this.pictureUrl();
		const before = { charges: ledger.charges.length, requests: ledger.requests.length };
		const startedMs = virtualTime.nowMs();
		elsewhere.seen.length = 0;
		for (const action of this.actionsOf(row.fault))
			sandbox.addFault({ endpoint: row.endpoint, action, times: row.forever ? Infinity : 1 });
		if (row.fault.settings) sandbox.setOptions(row.fault.settings(startedMs / 1_000));
		if (row.use.losesAnswer) sandbox.addFault({ endpoint: 'submit', action: { type: 'resetAfter' } });
		const result = await this.run(
			{
				prompt: row.name,
				...(row.use.items === 'url' ? { imageSource: 'url', imageUrls } : {}),
				...(row.use.items === 'predictionId' ? { predictionId: '={{ $json.predictionId }}' } : {}),
				...row.use.parameters,
				...row.world?.parameters,
			},
			items,
			row.stops,
		);
		const endedMs = virtualTime.nowMs();
		sandbox.clearFaults();
		if (row.fault.settings) sandbox.setOptions(NORMAL);
		const itemError = result.json[0]?.error as IDataObject | undefined;
		const message = result.error?.message ?? (itemError?.message as string | undefined) ?? '';
		const description = result.error?.description ?? (itemError?.description as string | undefined) ?? '';
		const requests = ledger.requests.slice(before.requests);
		const begun = requests.find(({ endpoint }) => endpoint === 'submit' || endpoint === 'prediction');
		const misplaced = [
			...requests.filter(hasMisplacedKey),
			...elsewhere.seen.filter((headers) => JSON.stringify(headers).includes(API_KEY)),
		];
		return {
			outcome:
				result.error || itemError ? classOf(message, description) : result.out.length > 0 ? 'done' : 'other',
			message,
			said: JSON.stringify([result.json, result.error?.message, result.error?.description]),
			everything: JSON.stringify([
				result.run.data,
				result.error?.context,
				result.events.filter(([name]) => name === 'ui'),
			]),
			charged: ledger.charges.slice(before.charges).map(({ predictionId }) => predictionId),
			predictionId: (items[0]?.json?.predictionId as string | undefined) ?? null,
			waitedMs: begun ? endedMs - begun.atMs : null,
			keyElsewhere: misplaced.map((request) => JSON.stringify(request)),
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

/** Runs all rows, several at once, each on a bench of its own. */
export async function runRows(rows: Row[], atOnce: number): Promise<Map<string, RowResult | Error>> {
	const results = new Map<string, RowResult | Error>();
	const queue = [...rows];
	const work = async () => {
		const bench = await Bench.open();
		for (let row = queue.shift(); row; row = queue.shift()) {
			const own = row.world?.outputBytes;
			const used = own === undefined ? bench : await Bench.open(own);
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
