import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { IDataObject } from 'n8n-workflow';
import type { Endpoint, Fault, Sandbox } from '../../../sandbox';
import { fastSandbox, picture, runSeedream, V4, type InputItem } from '../seedream';
import { classOf, ELSEWHERE, faultsOf, RESULT_FAULTS, type FaultKind, type OutcomeClass } from './cases';
import { FACTOR, fastClock, limits } from './fastTime';

/** One way to use the node, and the requests it makes. */
export interface Use {
	name: string;
	parameters: Record<string, unknown>;
	items: 'binary' | 'url' | 'predictionId' | 'none';
	endpoints: Endpoint[];
	/** Edits that it buys. */
	wanted: 0 | 1;
	/** Lets every submit's answer be lost, so that the history is looked at. */
	losesAnswer?: boolean;
}

const OPTIONS = { timeoutSeconds: 100 };

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
		name: 'edit with a model of the catalogue',
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
		name: 'upload',
		parameters: { resource: 'image', operation: 'upload' },
		items: 'binary',
		endpoints: ['upload'],
		wanted: 0,
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
	/** What may come of it; undefined: whatever is told truly. */
	outcomes: OutcomeClass[];
}

/** Statuses at which a read is told at once. */
const FINAL = [400, 401, 402, 403, 404, 409, 413, 451];
const VERDICT = [401, 402, 403, 451];

function statusOf({ action }: FaultKind): number | null {
	if (action.type === 'redirect') return action.status ?? 302;
	return action.type === 'status' ? action.status : null;
}

function expected(use: Use, endpoint: Endpoint, fault: FaultKind, forever: boolean): OutcomeClass[] {
	const { type } = fault.action;
	if (type === 'delay') return ['done'];
	const status = statusOf(fault);
	const isEnvelope = fault.action.type === 'status' && fault.action.body === undefined;
	switch (endpoint) {
		case 'submit': {
			const isHandled = fault.action.type === 'status' && fault.action.handled === true;
			if (isHandled) return ['done'];
			if (
				[
					'resetAfter',
					'hangAfter',
					'truncate',
					'malformedJson',
					'wrongTypes',
					'emptyObject',
					'hugeBody',
				].includes(type)
			)
				return ['done'];
			if (status === 429 && isEnvelope) return [forever ? 'refused' : 'done'];
			if (isEnvelope && [400, 401, 402, 403, 404, 413, 451].includes(status ?? 0)) return ['refused'];
			return ['unknown'];
		}
		case 'history':
			if (use.losesAnswer) return [forever ? 'unknown' : 'done'];
			if (forever || (status !== null && (FINAL.includes(status) || status < 400))) return ['read'];
			return ['done'];
		case 'upload':
			if (forever || (status !== null && (FINAL.includes(status) || status < 400))) return ['read'];
			return ['done'];
		case 'prediction': {
			const isGet = use.name === 'get';
			if (status !== null && VERDICT.includes(status)) return ['read'];
			if (forever)
				return isGet ? ['read'] : status === 404 || status === 400 ? ['read'] : ['timeout', 'read'];
			if (isGet && status !== null && (status < 400 || status === 409 || status === 413)) return ['read'];
			// It is waited for, but no longer than a new prediction may stay invisible: on a slow machine the fast clock
			// has gone past that by the first look (test/unit/watch.test.ts has the exact time).
			return status === 404 || status === 400 ? ['done', 'read'] : ['done'];
		}
		case 'file':
			if (type === 'wrongTypes') return ['done'];
			if (forever || (status !== null && FINAL.includes(status))) return ['download'];
			return ['done'];
		default:
			// A model's rules that cannot be read leave the edit unbought.
			return ['done', 'input', 'read', 'other'];
	}
}

export function allRows(): Row[] {
	const rows: Row[] = [];
	const add = (row: Omit<Row, 'name'>) =>
		rows.push({
			...row,
			name: `${row.use.name}: ${row.endpoint}, ${row.fault.name}, ${row.forever ? 'always' : 'once'}${row.stops ? ', stops' : ''}`,
		});
	for (const use of USES) {
		for (const endpoint of use.endpoints) {
			for (const fault of faultsOf(endpoint)) {
				// Of submits there is one only, but after a 429.
				const isOnce =
					endpoint === 'submit' ? statusOf(fault) !== 429 : fault.name === 'huge body' && endpoint !== 'file';
				const times = isOnce ? [false] : [false, true];
				for (const forever of times) {
					const outcomes = expected(use, endpoint, fault, forever);
					add({ use, endpoint, fault, forever, stops: false, outcomes });
				}
				if (endpoint === 'submit' || (endpoint === 'file' && use.name === 'edit a file')) {
					const outcomes = expected(use, endpoint, fault, true);
					if (!outcomes.includes('done')) add({ use, endpoint, fault, forever: true, stops: true, outcomes });
				}
			}
		}
		if (use.name === 'edit a file') {
			for (const { outcome, ...fault } of RESULT_FAULTS) {
				for (const stops of [false, true])
					add({ use, endpoint: 'submit', fault, forever: false, stops, outcomes: [outcome] });
			}
		}
	}
	return rows;
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
	/** Requests with the key that went elsewhere than to the API. */
	keyElsewhere: string[];
	apiKey: string;
	/** For whoever has to find out why. */
	requests: string[];
	tookMs: number;
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

const API_KEY = 'key-that-must-never-be-seen-anywhere';

/** A sandbox and a place for redirects, used by one row after another. */
export class Bench {
	private constructor(
		private readonly sandbox: Sandbox,
		private readonly elsewhere: Elsewhere,
		private readonly photo: Buffer,
	) {}

	static async open(): Promise<Bench> {
		const elsewhere = new Elsewhere();
		await elsewhere.open();
		const sandbox = await fastSandbox({ clock: fastClock, apiKey: API_KEY });
		return new Bench(sandbox, elsewhere, await picture());
	}

	async close(): Promise<void> {
		this.elsewhere.close();
		await this.sandbox.close();
	}

	private async itemsOf(row: Row): Promise<InputItem[]> {
		switch (row.use.items) {
			case 'binary':
				return [{ files: { data: this.photo } }];
			case 'url':
			case 'none':
				return [{}];
			case 'predictionId': {
				const bought = await this.run(
					{ downloadImages: false, prompt: row.name },
					[{ files: { data: this.photo } }],
					false,
				);
				return [{ json: { predictionId: bought.json[0]?.predictionId } }];
			}
		}
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

	async check(row: Row): Promise<RowResult> {
		const { sandbox, elsewhere } = this;
		const { ledger } = sandbox;
		const items = await this.itemsOf(row);
		const url = sandbox.addForeignTask({ model: V4, prompt: 'somebody else', images: [] });
		const imageUrls = ledger.predictions.get(url)?.outputs[0] ?? '';
		const before = { charges: ledger.charges.length, requests: ledger.requests.length };
		const startedMs = fastClock.nowMs();
		elsewhere.seen.length = 0;
		const action =
			row.fault.action.type === 'redirect'
				? { ...row.fault.action, location: row.fault.action.location.replace(ELSEWHERE, elsewhere.url) }
				: row.fault.action;
		const fault: Fault = { endpoint: row.endpoint, action, times: row.forever ? Infinity : 1 };
		sandbox.addFault(fault);
		if (row.use.losesAnswer) sandbox.addFault({ endpoint: 'submit', action: { type: 'resetAfter' } });
		const result = await this.run(
			{
				prompt: row.name,
				...(row.use.items === 'url' ? { imageSource: 'url', imageUrls } : {}),
				...(row.use.items === 'predictionId' ? { predictionId: '={{ $json.predictionId }}' } : {}),
				...row.use.parameters,
			},
			items,
			row.stops,
		);
		sandbox.clearFaults();
		const itemError = result.json[0]?.error as IDataObject | undefined;
		const message = result.error?.message ?? (itemError?.message as string | undefined) ?? '';
		const requests = ledger.requests.slice(before.requests);
		const isElsewhere = ({ remoteOrigin }: { remoteOrigin: string }) => remoteOrigin === 'files';
		const keyless = [
			...requests.filter((request) => isElsewhere(request) && request.authorization !== null),
			...elsewhere.seen.filter((headers) => JSON.stringify(headers).includes(API_KEY)),
		];
		return {
			outcome: result.error || itemError ? classOf(message) : result.out.length > 0 ? 'done' : 'other',
			message,
			said: JSON.stringify([result.json, result.error?.message, result.error?.description]),
			everything: JSON.stringify([
				result.run.data,
				result.error?.context,
				result.events.filter(([name]) => name === 'ui'),
			]),
			charged: ledger.charges.slice(before.charges).map(({ predictionId }) => predictionId),
			predictionId: (items[0]?.json?.predictionId as string | undefined) ?? null,
			keyElsewhere: keyless.map((request) => JSON.stringify(request)),
			apiKey: API_KEY,
			requests: requests.map(
				({ atMs, endpoint, status }) =>
					`${Math.round((atMs - startedMs) / FACTOR)} ms ${endpoint} ${status ?? 'no answer'}`,
			),
			tookMs: Math.round((fastClock.nowMs() - startedMs) / FACTOR),
		};
	}
}

/** Whether requests of this row are never answered: only then may a time limit be met. */
function hangs({ fault }: Row): boolean {
	return fault.action.type === 'hang' || fault.action.type === 'hangAfter';
}

/** Runs all rows, several at once, each on a bench of its own. */
export async function runRows(rows: Row[], atOnce: number): Promise<Map<string, RowResult | Error>> {
	const results = new Map<string, RowResult | Error>();
	limits.factor = FACTOR;
	await runSome(rows.filter(hangs), atOnce, results);
	// A busy machine is not to look like one that does not answer.
	limits.factor = 2;
	await runSome(
		rows.filter((row) => !hangs(row)),
		atOnce,
		results,
	);
	return results;
}

async function runSome(rows: Row[], atOnce: number, results: Map<string, RowResult | Error>): Promise<void> {
	const queue = [...rows];
	const work = async () => {
		const bench = await Bench.open();
		for (let row = queue.shift(); row; row = queue.shift()) {
			results.set(
				row.name,
				await bench
					.check(row)
					.catch((error: unknown) => (error instanceof Error ? error : new Error(String(error)))),
			);
		}
		await bench.close();
	};
	await Promise.all(Array.from({ length: Math.min(atOnce, rows.length) }, work));
}
