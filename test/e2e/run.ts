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
import { ensureN8n, N8N_VERSIONS, type N8nLine } from '../../scripts/n8n/install';
import { packNode } from '../../scripts/n8n/packNode';
import { Bench, CASES, end, matching, report } from './cases';

interface Arguments {
	lines: N8nLine[];
	filters: string[];
	build: boolean;
}

function parseArguments(args: string[]): Arguments {
	const result: Arguments = { lines: ['2.x'], filters: [], build: true };
	for (let at = 0; at < args.length; at++) {
		const [option, inline] = args[at].split('=', 2);
		if (option === '--line') {
			const line = inline ?? args[++at];
			const known = Object.keys(N8N_VERSIONS) as N8nLine[];
			if (line !== 'all' && !known.includes(line as N8nLine)) {
				throw new Error(`--line takes ${known.join(', ')} or all, not ${line}`);
			}
			result.lines = line === 'all' ? known : [line as N8nLine];
		} else if (option === '--no-build') {
			result.build = false;
		} else if (option.startsWith('--')) {
			throw new Error(`Unknown option ${option}`);
		} else {
			result.filters.push(args[at]);
		}
	}
	return result;
}

async function main(): Promise<void> {
	const { lines, filters, build } = parseArguments(process.argv.slice(2));
	const folder = join(__dirname, 'cases');
	for (const file of readdirSync(folder).sort()) await import(join(folder, file));
	const wanted = matching(CASES, filters);

	let passed = 0;
	const failed: string[] = [];
	const packed = await packNode({ build });
	try {
		for (const line of lines) {
			const cases = wanted.filter((oneCase) => oneCase.lines.includes(line));
			if (cases.length === 0) continue;
			const n8n = await ensureN8n(N8N_VERSIONS[line]);
			console.log(`\nn8n ${n8n.version}`);
			const bench = await Bench.open({ n8n, tarball: packed.tarball });
			try {
				for (const oneCase of cases) {
					if (await report(oneCase.name, async () => await bench.run(oneCase))) passed++;
					else failed.push(`${line}  ${oneCase.name}`);
				}
			} finally {
				await bench.close();
			}
		}
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
