/*
 * End-to-end tests: our packed node in a real n8n, against the sandbox.
 *
 *   npm run test:e2e                          n8n 2.x, all cases
 *   npm run test:e2e -- --line 1.x            n8n 1.x (or: all)
 *   npm run test:e2e -- edit chained          cases whose name holds one of the words
 *   npm run test:e2e -- --no-build            with dist as it is
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureN8n, N8N_VERSIONS, type N8nLine } from '../../scripts/n8n/install';
import { packNode } from '../../scripts/n8n/packNode';
import { Bench, CASES, end, matching, report } from './cases';

function linesOf(line: string): N8nLine[] {
	const known = Object.keys(N8N_VERSIONS) as N8nLine[];
	const wanted = known.filter((one) => line === 'all' || one === line);
	if (wanted.length === 0) throw new Error(`--line takes ${known.join(', ')} or all, not ${line}`);
	return wanted;
}

async function main(): Promise<void> {
	const { values, positionals: filters } = parseArgs({
		allowPositionals: true,
		options: { line: { type: 'string', default: '2.x' }, 'no-build': { type: 'boolean' } },
	});
	const lines = linesOf(values.line);
	const folder = join(__dirname, 'cases');
	for (const file of readdirSync(folder).sort()) await import(join(folder, file));
	const wanted = matching(CASES, filters);

	let passed = 0;
	const failed: string[] = [];
	const packed = await packNode({ build: !values['no-build'] });
	const runLine = async (line: N8nLine) => {
		const cases = wanted.filter((oneCase) => oneCase.lines.includes(line));
		if (cases.length === 0) return;
		const n8n = await ensureN8n(N8N_VERSIONS[line]);
		const bench = await Bench.open({ n8n, tarball: packed.tarball });
		try {
			for (const oneCase of cases) {
				const name = `${line}  ${oneCase.name}`;
				if (await report(name, async () => await bench.run(oneCase))) passed++;
				else failed.push(name);
			}
		} finally {
			await bench.close();
		}
	};
	try {
		// In turn: side by side, n8n 1.x has dropped a connection on a busy machine.
		for (const line of lines) await runLine(line);
	} finally {
		await packed.remove();
	}

	end(passed, failed, filters);
}

main().catch((error: unknown) => {
	console.error(error);
	console.log('0 passed, 1 failed');
	process.exit(1);
});
