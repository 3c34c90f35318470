/*
 * Measures what docs/running.md says of batches. Everything runs on this machine against the sandbox and costs nothing.
 *
 *   npm run bench                          everything, about forty minutes on a quiet machine; writes bench/RESULTS.md
 *   npm run bench -- --only batch,memory   some groups; the others stay in bench/RESULTS.md as they are
 *   npm run bench -- --list                the groups, and how long each takes
 *   SEEDREAM_BENCH_CASES=0,3 npm run bench -- --only concurrency    some of its cases, or of n8n, from 0; writes nothing
 *   npm run bench -- --short               a small form that judges no time: are all items done, in order, none failed?
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { batch } from './groups/batch';
import { concurrency } from './groups/concurrency';
import { growth } from './groups/growth';
import { limits } from './groups/limits';
import { load } from './groups/load';
import { memory } from './groups/memory';
import { noticing } from './groups/noticing';
import { realN8n } from './groups/realN8n';
import { searching } from './groups/search';
import { markdown, print, type GroupResult } from './report';
import { SandboxHost } from './sandbox';

const RESULTS = join(__dirname, 'RESULTS.md');

const GROUPS = [batch, growth, noticing, limits, concurrency, memory, searching, realN8n, load];

function wantedGroups(only: string | undefined) {
	if (only === undefined) return GROUPS;
	const names = only.split(',').map((name) => name.trim());
	const unknown = names.filter((name) => !GROUPS.some((group) => group.name === name));
	if (unknown.length > 0)
		throw new Error(`--only knows ${GROUPS.map(({ name }) => name).join(', ')}, not ${unknown.join(', ')}`);
	return GROUPS.filter(({ name }) => names.includes(name));
}

async function main(): Promise<number> {
	const { values } = parseArgs({
		options: {
			short: { type: 'boolean', default: false },
			list: { type: 'boolean', default: false },
			only: { type: 'string' },
		},
	});
	if (values.list) {
		for (const { name, title, takes } of GROUPS) console.log(`${name.padEnd(12)} ${title}: ${takes}`);
		return 0;
	}
	const isShort = values.short;
	const groups = wantedGroups(values.only);
	const host = await SandboxHost.start();
	const results: GroupResult[] = [];
	try {
		for (const group of groups) {
			console.log(`\n${group.title}: ${isShort ? 'the short form' : group.takes}...`);
			const startedMs = Date.now();
			const rows = await group.measure({ host, isShort }).catch((error: unknown) => {
				const result = error instanceof Error ? error.message : String(error);
				return [{ what: 'Could not be measured', result, goal: 'to run', isMet: false, isBroken: true }];
			});
			results.push({ group, rows });
			print({ group, rows }, isShort, Date.now() - startedMs);
		}
	} finally {
		host.stop();
	}
	const judged = results.flatMap(({ group, rows }) =>
		rows
			.filter(({ isMet, isBroken }) => (isShort ? isBroken : !isMet))
			.map((row) => `${group.title}: ${row.what} ${row.result}`),
	);
	const isWhole = !isShort && process.env.SEEDREAM_BENCH_CASES === undefined;
	if (isWhole) await writeFile(RESULTS, await markdown(GROUPS, results, await readFile(RESULTS, 'utf8')));
	console.log(judged.length === 0 ? '\nAll goals met.' : `\nMissed:\n  ${judged.join('\n  ')}`);
	return judged.length === 0 ? 0 : 1;
}

main().then(
	(code) => process.exit(code),
	(error: unknown) => {
		console.error(error instanceof Error ? error.message : error);
		process.exit(1);
	},
);
