import { API_KEY, runRows } from './money/faultBench';
import { allRows, maxWaitMs, type Row } from './money/faultTable';

/** `all`, as in CI, or a part of the names of those to run. */
const { FAULT_ROWS } = process.env;

const AT_ONCE = 24;

function oneOfEach(rows: Row[], kindOf: (row: Row) => unknown[]): Row[] {
	return [...new Map(rows.map((row) => [kindOf(row).join(), row])).values()];
}

/** By default one row for each use, request, kind of fault, and what is to come of it: all take three times as long. */
function rowsToRun(): Row[] {
	const rows = allRows();
	if (FAULT_ROWS !== undefined)
		return FAULT_ROWS === 'all' ? rows : rows.filter(({ name }) => name.includes(FAULT_ROWS));
	return oneOfEach(rows, ({ use, endpoint, fault, stops, world, outcome }) => {
		const kind = fault.action?.type ?? fault.name;
		return [use.name, endpoint, kind, stops, world?.name, outcome];
	});
}

const rows = rowsToRun();

/** These run in n8n's engine as well. */
const rowsInEngine = oneOfEach(rows, ({ use, outcome }) => [use.name, outcome]);

describe.each([
	['without n8n', rows, false],
	['in n8n', rowsInEngine, true],
] as const)('every operation, every request it makes, every fault: %s', (_where, tested, inEngine) => {
	let results: Awaited<ReturnType<typeof runRows>>;
	beforeAll(async () => {
		results = await runRows([...tested], AT_ONCE, inEngine);
	}, 1_800_000);

	it.each(tested.map((row) => [row.name, row] as const))('%s', (name, row) => {
		const result = results.get(name);
		if (!result || result instanceof Error) throw result ?? new Error('The row was not run');
		const { outcome, message, said, everything, charged, requests } = result;
		const story = `${outcome}: ${message}\n${requests.join('\n')}`;
		expect([outcome, story]).toEqual([row.outcome, story]);
		expect(charged.length).toBeLessThanOrEqual(row.use.wanted);
		// Every wait ends, whatever the service answers.
		expect(result.waitedMs ?? 0).toBeLessThanOrEqual(maxWaitMs(row) ?? Infinity);
		// What is billed is reported by its ID, or said to be unknown.
		if (outcome !== 'unknown') for (const id of charged) expect(said).toContain(id);
		if (!['done', 'unknown'].includes(outcome)) for (const id of charged) expect(message).toContain(id);
		if (outcome === 'refused') expect(charged).toEqual([]);
		if (row.endpoint !== 'history' && row.use.items === 'predictionId' && outcome !== 'done')
			expect(message).toContain(result.predictionId);
		expect(result.keyElsewhere).toEqual([]);
		expect(everything).not.toContain(API_KEY);
	});
});
