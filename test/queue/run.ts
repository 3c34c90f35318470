/*
 * Queue mode: our packed node in n8n with Redis, Postgres, one main and two workers, against the sandbox.
 *
 *   npm run test:queue                        all cases
 *   npm run test:queue -- killed redis        cases whose name holds one of the words
 *   npm run test:queue -- --no-build          with dist as it is
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureN8n, N8N_VERSIONS } from '../../scripts/n8n/install';
import { packNode } from '../../scripts/n8n/packNode';
import { end, matching, report } from '../e2e/cases';
import { CASES, QueueBench, type QueueCase } from './cases';

/** All of one binary mode, then all of the other: n8n restarts in between. */
function wantedCases(filters: string[]): QueueCase[] {
	return [...matching(CASES, filters)].sort((a, b) => a.binaryMode.localeCompare(b.binaryMode));
}

async function main(): Promise<void> {
	const { values, positionals: filters } = parseArgs({
		allowPositionals: true,
		options: { 'no-build': { type: 'boolean' } },
	});
	const folder = join(__dirname, 'cases');
	for (const file of readdirSync(folder).sort()) await import(join(folder, file));
	const cases = wantedCases(filters);
	const started = Date.now();
	const since = (start: number) => ((Date.now() - start) / 1000).toFixed(1);

	const failed: string[] = [];
	const n8n = await ensureN8n(N8N_VERSIONS['2.x']);
	const packed = await packNode({ build: !values['no-build'] });
	try {
		const bench = await QueueBench.open({ n8n, tarball: packed.tarball });
		try {
			console.log(`\nn8n ${n8n.version} in queue mode (${since(started)} s to set up)`);
			for (const oneCase of cases) {
				const startedCase = Date.now();
				const isPassed = await report(oneCase.name, async () => {
					await bench.prepare(oneCase);
					const prepared = Math.round((Date.now() - startedCase) / 1000);
					const notes = await bench.run(oneCase);
					return prepared > 0 ? [...notes, `${prepared} s of it to start what was not running`] : notes;
				});
				if (!isPassed) failed.push(oneCase.name);
			}
		} finally {
			await bench.close();
		}
	} finally {
		await packed.remove();
	}

	end(cases.length - failed.length, failed, filters);
}

main().catch((error: unknown) => {
	console.error(error);
	process.exit(1);
});
