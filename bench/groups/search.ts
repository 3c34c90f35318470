import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { atMost, megabytes, ms, type Group, type Row } from '../rows';
import type { SearchCost, SearchJob } from '../searchWorker';
import { median, rounds } from '../statistics';

const MAX_CPU_MS = 1_000;
/** Above it, people notice that n8n does nothing else. */
const MAX_BLOCK_MS = 50;
const MAX_MORE_MB = 50;

/** Without it, V8 cleans up only when it must, and it is garbage that is measured. */
const HEAP_MB = 100;

async function search(job: SearchJob): Promise<SearchCost> {
	const worker = join(__dirname, '..', 'searchWorker.ts');
	const args = ['--import', 'tsx', `--max-old-space-size=${HEAP_MB}`, '--max-semi-space-size=4', worker];
	const { stdout } = await promisify(execFile)(process.execPath, [...args, JSON.stringify(job)]);
	return JSON.parse(stdout) as SearchCost;
}

async function costs(job: SearchJob, count: number): Promise<(value: keyof SearchCost) => number> {
	const measured = await rounds(
		count,
		() => false,
		async () => await search(job),
	);
	return (value) => median(measured.map((cost) => cost[value]));
}

export const searching: Group = {
	name: 'search',
	title: 'Looking for what is paid for',
	takes: 'about 2 minutes',
	note: 'Many items look for earlier results in the history of an account, in a process of its own with a small heap; the service is a function that answers in chunks, each in a turn of its own.',
	async measure({ isShort }) {
		const count = isShort ? 1 : 3;
		const [rows, items] = isShort ? [200, 20] : [2_000, 250];
		const table: Row[] = [];
		for (const isSamePrompt of [true, false]) {
			const cost = await costs({ rows, items, resultBytes: 0, isSamePrompt }, count);
			const what = `${items} items, ${rows} rows, ${isSamePrompt ? 'one prompt' : 'a prompt each'}`;
			table.push(atMost(`${what}: processor`, cost('cpuMs'), MAX_CPU_MS, ms));
			table.push(atMost(`${what}: longest block`, cost('longestBlockMs'), MAX_BLOCK_MS, ms));
		}
		const [large, resultBytes] = [isShort ? 20 : 250, 2_000_000];
		const cost = await costs({ rows: large, items: 10, resultBytes, isSamePrompt: true }, count);
		return [
			...table,
			atMost(
				`${large} rows of ${megabytes(resultBytes / 1e6)}: more memory`,
				cost('peakMb'),
				MAX_MORE_MB,
				megabytes,
			),
		];
	},
};
