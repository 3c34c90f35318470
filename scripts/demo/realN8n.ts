/* Runs a demo in a real n8n. */
import { spawnSync } from 'node:child_process';
import { copyFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { IBinaryData } from 'n8n-workflow';
import type { Execution } from '../n8n/execution';
import { elapsed, ensureN8n, isInstalled, N8N_VERSIONS } from '../n8n/install';
import { Instance } from '../n8n/instance';
import { packNode } from '../n8n/packNode';
import { untilInterrupted } from '../n8n/process';
import { OWNER, Server } from '../n8n/server';
import { demoWorkflow, type Demo } from './demos';

const WORKFLOW_ID = 'seedreamDemo0001';
const CREDENTIAL = { id: 'seedreamDemo0002', name: 'Atlas Cloud (Seedream) account' };
const CREDENTIAL_TYPE = 'atlasCloudSeedreamApi';
const TOOLS = ['python3', 'make', 'g++'];

/**
 * What an installation of n8n needs and this machine lacks, with what it will take; null if n8n is installed already or
 * everything is there.
 */
export function whatN8nNeeds(): { notice: string; missing: string[] } | null {
	if (isInstalled(N8N_VERSIONS['2.x'])) return null;
	const missing = TOOLS.filter((tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).error);
	return {
		notice: `A real n8n ${N8N_VERSIONS['2.x']} is installed first: about 5 minutes, 2.2 GB of disk, 3.2 GB of memory, and a compiler (${TOOLS.join(', ')}).`,
		missing,
	};
}

export interface RealRun {
	execution: Execution;
	readBinary(binary: IBinaryData): Promise<Buffer>;
	/** Starts the editor and leaves it running until Ctrl+C. */
	leaveOpen(): Promise<void>;
}

/** Builds the node, installs it in a fresh n8n, runs the demo there, and hands the run to `use`. */
export async function withRealN8n(
	demo: Demo,
	photo: string,
	credential: { apiKey: string; baseUrl: string },
	use: (run: RealRun) => Promise<void>,
): Promise<void> {
	const packed = await step('Building and packing the node', async () => await packNode());
	const n8n = await ensureN8n(N8N_VERSIONS['2.x']);
	let instance: Instance | undefined;
	let server: Server | undefined;
	try {
		const running = await step(`Starting a fresh n8n ${n8n.version} with the node installed`, async () => {
			return await Instance.create({ n8n, tarball: packed.tarball });
		});
		instance = running;
		await step('Importing the credential and the workflow', async () => {
			await running.importCredentials({ ...CREDENTIAL, type: CREDENTIAL_TYPE, data: credential });
			const copy = join(running.filesFolder, basename(photo, extname(photo)) + extname(photo));
			await copyFile(photo, copy);
			const { nodes, ...workflow } = demoWorkflow(demo, copy, running.filesFolder);
			const credentials = { [CREDENTIAL_TYPE]: CREDENTIAL };
			await running.importWorkflow({
				...workflow,
				id: WORKFLOW_ID,
				nodes: nodes.map((node) =>
					node.type.startsWith('n8n-nodes-seedream.') ? { ...node, credentials } : node,
				),
			});
		});
		const execution = await step(`Running the workflow: “${demo.prompts[0]}”`, async () => {
			return await running.executeWorkflow(WORKFLOW_ID, { timeoutSeconds: demo.timeoutSeconds });
		});
		const leaveOpen = async () => {
			server = await step('Starting the editor', async () => await Server.start(running));
			await untilStopped(server);
		};
		await use({ execution, readBinary: async (binary) => await running.readBinary(binary), leaveOpen });
	} finally {
		await server?.stop();
		await instance?.remove();
		await packed.remove();
	}
}

async function untilStopped(server: Server): Promise<void> {
	console.log(`
n8n’s editor is running, with the workflow and the credential ready:
  Address   ${server.url}/workflow/${WORKFLOW_ID}
  Email     ${OWNER.email}
  Password  ${OWNER.password}
Everything in it goes when you stop it: Ctrl+C.`);
	await Promise.race([server.ended(), untilInterrupted()]);
	console.log('Stopping n8n …');
}

async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
	const started = Date.now();
	console.log(`${what} …`);
	const alive = setInterval(() => console.log(`  still at it (${elapsed(started)})`), 8000);
	try {
		return await work();
	} finally {
		clearInterval(alive);
	}
}
