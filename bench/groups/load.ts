import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { PROJECT_ROOT } from '../../scripts/n8n/packNode';
import { atMost, ms, type Group } from '../rows';
import { median, rounds } from '../statistics';

const MAX_MS = 30;

const SCRIPT = `
require('n8n-workflow');
const startedMs = performance.now();
for (const file of require('./package.json').n8n.nodes) require('./' + file);
console.log(performance.now() - startedMs);
`;

async function loadMs(): Promise<number> {
	const { stdout } = await promisify(execFile)(process.execPath, ['-e', SCRIPT], { cwd: PROJECT_ROOT });
	return Number(stdout);
}

export const load: Group = {
	name: 'load',
	title: 'Loading',
	takes: 'some seconds',
	note: 'Requiring all built nodes in a new process that has n8n-workflow loaded, as n8n has. Median of nine.',
	async measure({ isShort }) {
		const measured = await rounds(isShort ? 1 : 9, (all) => median(all) > MAX_MS, loadMs);
		return [atMost('Time to load the nodes', median(measured), MAX_MS, ms)];
	},
};
