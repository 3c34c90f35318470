import { runRows, type RowResult } from './money/faultBench';
import { allRows, maxWaitMs } from './money/faultTable';

jest.mock('../../nodes/AtlasCloud/n8n/clock', () => jest.requireActual('./virtualTime'));
jest.mock('../../nodes/AtlasCloud/n8n/http', () => jest.requireActual('./virtualTime'));

// FAULT_ROW narrows the table to the rows whose name holds it.
const rows = allRows().filter(({ name }) => name.includes(process.env.FAULT_ROW ?? ''));

/** Rows wait most of their time, so that many go at once. */
const AT_ONCE = 72;

let results: Awaited<ReturnType<typeof runRows>>;
beforeAll(async () => {
	results = await runRows(rows, AT_ONCE);
}, 1_800_000);

function resultOf(name: string): RowResult {
	const result = results.get(name);
	if (!result) throw new Error('The row was not run');
	if (result instanceof Error) throw result;
	return result;
}

describe('every operation, every request it makes, every fault', () => {
	it.each(rows.map((row) => [row.name, row] as const))('%s', (name, row) => {
		const result = resultOf(name);
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
		expect(everything).not.toContain(result.apiKey);
	});
});
