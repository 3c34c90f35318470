import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { PROJECT_ROOT } from '../../scripts/n8n/packNode';
import { atMost, ms, type Group } from '../rows';
import { median, rounds } from '../statistics';

const MAX_MS = 20;

const SCRIPT = `
require('n8n-workflow');
const startedMs = performance.now();
require('./dist/nodes/AtlasCloud/SeedreamEdit/SeedreamEdit.node.js');
console.log(performance.now() - startedMs);
`;

async function loadMs(): Promise<number> {
	const { stdout } = await promisify(execFile)(process.execPath, ['-e', SCRIPT], { cwd: PROJECT_ROOT });
	return Number(stdout);
}

export const load: Group = {
	name: 'load',
	title: 'Loading',
	note: 'Requiring the built node in a new process that has n8n-workflow loaded, as n8n has. Median of nine.',
	async measure({ isShort }) {
		const measured = await rounds(isShort ? 1 : 9, (all) => median(all) > MAX_MS, loadMs);
		return [atMost('Time to load the node', median(measured), MAX_MS, ms)];
	},
};
