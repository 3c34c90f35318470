import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { PROJECT_ROOT } from '../../scripts/n8n/packNode';
import { atMost, ms, percent, type Group } from '../rows';
import { median, rounds } from '../statistics';

const MAX_MS = 30;

/** The 170 ms that n8n-workflow took where the nodes had to load in 30 ms. */
const MAX_SHARE = MAX_MS / 170;

const SCRIPT = `
const startedMs = performance.now();
require('n8n-workflow');
const readyMs = performance.now();
for (const file of require('./package.json').n8n.nodes) require('./' + file);
console.log(JSON.stringify([performance.now() - readyMs, readyMs - startedMs]));
`;

interface LoadTimes {
	nodesMs: number;
	workflowMs: number;
}

async function loadTimes(): Promise<LoadTimes> {
	const { stdout } = await promisify(execFile)(process.execPath, ['-e', SCRIPT], { cwd: PROJECT_ROOT });
	const [nodesMs, workflowMs] = JSON.parse(stdout) as number[];
	return { nodesMs, workflowMs };
}

const nodesMsOf = (all: LoadTimes[]) => median(all.map(({ nodesMs }) => nodesMs));
const shareOf = (all: LoadTimes[]) => median(all.map(({ nodesMs, workflowMs }) => nodesMs / workflowMs));

export const load: Group = {
	name: 'load',
	title: 'Loading',
	takes: 'some seconds',
	note: 'Requiring all built nodes in a new process that has n8n-workflow loaded, as n8n has. Median of nine.',
	async measure({ isShort }) {
		const isMissed = (all: LoadTimes[]) => shareOf(all) > MAX_SHARE || nodesMsOf(all) > MAX_MS;
		const measured = await rounds(isShort ? 1 : 9, isMissed, loadTimes);
		return [
			atMost('Time to load the nodes', nodesMsOf(measured), MAX_MS, ms),
			atMost('The same ÷ time to load n8n-workflow', shareOf(measured), MAX_SHARE, percent),
		];
	},
};
