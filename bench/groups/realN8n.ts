import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureN8n, N8N_VERSIONS } from '../../scripts/n8n/install';
import { chain, Instance, type WorkflowExport } from '../../scripts/n8n/instance';
import { packNode } from '../../scripts/n8n/packNode';
import { bareClientMs, usualWayMs } from '../clients';
import { idealMs } from '../ideal';
import { photo } from '../photos';
import { atLeast, atMost, seconds, times, told, type BenchContext, type Group } from '../rows';
import type { BenchSandbox } from '../sandbox';
import { median, rounds } from '../statistics';

const ITEMS = 50;
const USUAL_ITEMS = 5;
const AT_ONCE = 20;
const MAX_OF_BARE = 1.1;
const CREDENTIAL = 'atlasCloudSeedreamApi';

function workflow(id: string, credentialId: string, filesFolder: string): WorkflowExport {
	return {
		id,
		name: id,
		nodes: [
			{ name: 'Start', type: 'n8n-nodes-base.manualTrigger', typeVersion: 1, parameters: {} },
			{
				name: 'Photos',
				type: 'n8n-nodes-base.readWriteFile',
				typeVersion: 1,
				parameters: { operation: 'read', fileSelector: join(filesFolder, '*.jpg') },
			},
			{
				name: 'Edit',
				type: 'n8n-nodes-seedream.seedreamEdit',
				typeVersion: 1,
				parameters: { prompt: '={{ $json.fileName }}' },
				credentials: { [CREDENTIAL]: { id: credentialId, name: 'Sandbox' } },
			},
		],
		connections: chain('Start', 'Photos', 'Edit'),
	};
}

/** @returns milliseconds of the node, as n8n measures it */
async function nodeMs(instance: Instance, { baseUrl, apiKey }: BenchSandbox, seed: number): Promise<number> {
	const id = `bench${seed}`.padEnd(16, '0');
	await instance.importCredentials({ id, name: 'Sandbox', type: CREDENTIAL, data: { baseUrl, apiKey } });
	await instance.importWorkflow(workflow(id, id, instance.filesFolder));
	const execution = (await instance.executeWorkflow(id)).expectSuccess();
	const namesOf = (node: string, field: string) => execution.items(node).map(({ json }) => json[field]);
	const edited = namesOf('Edit', 'prompt');
	if (edited.length !== ITEMS || edited.join() !== namesOf('Photos', 'fileName').join())
		throw new Error(`${edited.length} of ${ITEMS} items came out, or not in order`);
	return execution.runs('Edit')[0].executionTime;
}

async function oneRound({ host }: BenchContext, instance: Instance, seed: number) {
	const options = { predictSeconds: 3, seed, limits: { runningAtOnce: AT_ONCE } };
	const node = await host.with(options, async (sandbox) => ({
		nodeMs: await nodeMs(instance, sandbox, seed),
		idealMs: idealMs(await sandbox.ledger(), AT_ONCE),
	}));
	const bareMs = await host.with(options, async (sandbox) => await bareClientMs(sandbox, ITEMS, AT_ONCE));
	return { ...node, bareMs };
}

export const realN8n: Group = {
	name: 'n8n',
	title: `In a real n8n (${N8N_VERSIONS['2.x']}, command line)`,
	takes: 'about 2 minutes',
	note: `${ITEMS} photos read from disk, otherwise as the batch of 100. The node’s own time, as n8n tells it, in a process that has just started. The usual way is measured with ${USUAL_ITEMS} items and scaled.`,
	async measure(context) {
		// The end-to-end tests do it for correctness.
		if (context.isShort) return [];
		const packed = await packNode();
		const n8n = await ensureN8n(N8N_VERSIONS['2.x']);
		const instance = await Instance.create({ n8n, tarball: packed.tarball });
		try {
			for (let index = 0; index < ITEMS; index++)
				await writeFile(
					join(instance.filesFolder, `photo-${String(index).padStart(3, '0')}.jpg`),
					photo(index),
				);
			type Round = Awaited<ReturnType<typeof oneRound>>;
			const ofBare = (all: Round[]) => median(all.map((round) => round.nodeMs / round.bareMs));
			const measured = await rounds(
				3,
				(all: Round[]) => ofBare(all) > MAX_OF_BARE,
				async (seed) => await oneRound(context, instance, seed),
			);
			const usualMs =
				(await context.host.with(
					{ predictSeconds: 3, seed: 1 },
					async (sandbox) => await usualWayMs(sandbox, USUAL_ITEMS),
				)) *
				(ITEMS / USUAL_ITEMS);
			const wallMs = median(measured.map((round) => round.nodeMs));
			return [
				told('Wall time', seconds(wallMs)),
				told(
					'÷ ideal (what the server’s timing allows)',
					times(median(measured.map((round) => round.nodeMs / round.idealMs))),
				),
				atMost('÷ bare undici client with a perfect view', ofBare(measured), MAX_OF_BARE, times),
				atLeast('Faster than the usual way', usualMs / wallMs, 12, times),
			];
		} finally {
			await instance.remove();
			await packed.remove();
		}
	},
};
