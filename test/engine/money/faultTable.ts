import {
	DOWNLOAD_TIMEOUT_MS,
	READ_TIMEOUT_MS,
	SUBMIT_TIMEOUT_MS,
} from '../../../nodes/AtlasCloud/api/http/http';
import { SEARCH_MS } from '../../../nodes/AtlasCloud/api/purchases/lostSearch';
import type { Endpoint } from '../../../sandbox';
import {
	faultsOf,
	someFaultsOf,
	RESULT_FAULTS,
	WORLDS,
	type FaultKind,
	type OutcomeClass,
	type World,
} from './cases';
import { OPTIONS, TIMEOUT_MS, USES, type Use } from './uses';

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
	return forever || isFinal(fault) ? 'read' : 'done';
}

/** Whether the first such answer to a read is the last. */
function isFinal(fault: FaultKind): boolean {
	const status = statusOf(fault);
	return FINAL.includes(status) || (status >= 300 && status < 400);
}

function ofPrediction(use: Use, fault: FaultKind, forever: boolean): OutcomeClass {
	// A page in between decides nothing.
	const status = isEnvelope(fault) ? statusOf(fault) : 0;
	const waits = use.isGet !== true;
	// What is told of a wait once may pass; so many times in a row it does not.
	if (VERDICT.includes(status)) return waits && !forever ? 'done' : 'read';
	if (forever) return waits && !NOT_FOUND.includes(status) ? 'timeout' : 'read';
	// The pause that it asks for ends after the item's time, and is kept.
	if (status === 429 && isForLong(fault)) return waits ? 'timeout' : 'done';
	// A wait looks again whatever it was told; and a new prediction may not be visible yet.
	return waits || status === 0 || NOT_FOUND.includes(status) ? 'done' : ofRead(fault, forever);
}

function expected(use: Use, endpoint: Endpoint, fault: FaultKind, forever: boolean): OutcomeClass {
	if (fault.action?.type === 'delay') return 'done';
	if (endpoint === 'submit') return ofSubmit(fault, forever);
	if (endpoint === 'history') return ofHistory(use, fault, forever);
	if (!fault.action) return 'done';
	switch (endpoint) {
		case 'quote':
			// There is the list price, unless the account itself is refused.
			if (VERDICT.includes(statusOf(fault))) return use.wanted === 0 ? 'read' : 'input';
			// It is only the lowest for a video, and says nothing of the limit.
			return use.node && use.wanted > 0 && (forever || isFinal(fault)) ? 'input' : 'done';
		case 'upload':
			// A refused upload is not a failed attempt, but a day is longer than anyone waits; so is one that hangs, in all.
			if (
				use.wanted > 0 &&
				!use.node &&
				(isForLong(fault) || ['hang', 'hangAfter'].includes(fault.action.type))
			)
				return 'read';
			return statusOf(fault) === 429 && isForLong(fault) ? 'read' : ofRead(fault, forever);
		case 'prediction':
			return ofPrediction(use, fault, forever);
		case 'file':
			if (fault.action.type === 'wrongTypes') return 'done';
			return forever ? 'download' : 'done';
		// While a model's fields cannot be read, nothing is sent.
		case 'models':
			return forever || isFinal(fault) ? 'read' : 'done';
		case 'schema':
			// Two time limits of a read are longer than the item's own.
			if (forever && ['hang', 'hangAfter'].includes(fault.action.type)) return 'input';
			if (fault.action.type === 'wrongTypes') return 'done';
			// Atlas says that the model has none.
			if (statusOf(fault) === 404 && isEnvelope(fault)) return 'done';
			return forever || fault.action.type === 'emptyObject' ? 'read' : 'done';
		default:
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
		for (const [endpoint, scope] of Object.entries(use.endpoints) as Array<[Endpoint, 'all' | 'some']>) {
			for (const fault of scope === 'all' ? faultsOf(endpoint) : someFaultsOf(endpoint)) {
				for (const forever of timesOf(endpoint, fault)) {
					const outcome = expected(use, endpoint, fault, forever);
					add({ use, endpoint, fault, forever, stops: false, outcome });
				}
				if (endpoint === 'submit' || (endpoint === 'file' && use.results)) {
					const outcome = expected(use, endpoint, fault, true);
					if (outcome !== 'done') add({ use, endpoint, fault, forever: true, stops: true, outcome });
				}
			}
		}
		for (const { outcome, ...fault } of use.results ? RESULT_FAULTS : []) {
			const isOneOfMany = use.results === 'some' && /^output [^f]/.test(fault.name);
			for (const stops of isOneOfMany ? [] : [false, true])
				add({ use, endpoint: 'submit', fault, forever: false, stops, outcome });
		}
		for (const world of WORLDS) {
			const outcome = world.outcomes[use.name];
			if (outcome)
				add({ use, endpoint: 'submit', fault: world, forever: false, stops: false, outcome, world });
		}
	}
	return rows;
}

/** The node sleeps in slices of a second: it notices so late that the time is up, and that its last polls' time is. */
const SLACK_MS = 2_000;

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
