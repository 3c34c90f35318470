import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureN8n, N8N_VERSIONS } from '../../scripts/n8n/install';
import { chain, Instance, type WorkflowExport } from '../../scripts/n8n/instance';
import { packNode } from '../../scripts/n8n/packNode';
import { bareClientMs, usualWayMs } from '../clients';
import { idealMs } from '../ideal';
import { photo } from '../photos';
import { atLeast, atMost, seconds, times, told, type BenchContext, type Group, type Row } from '../rows';
import type { BenchSandbox } from '../sandbox';
import { median, rounds } from '../statistics';

const ITEMS = 50;
const USUAL_ITEMS = 5;
const AT_ONCE = 20;
const MAX_OF_BARE = 1.1;
const CREDENTIAL = 'atlasCloudSeedreamApi';

/** A batch against a service that runs some number at once and queues the rest, which the node is not told. */
interface Batch {
	what: string;
	items: number;
	predictSeconds: number;
	atOnce: number;
	isVideo?: boolean;
	/** Over what a scheduler needs that knows the service. */
	maxOfIdeal: number;
	/** Polls, and pages of the history. */
	maxRequests?: number;
}

const BATCHES: Batch[] = [
	{
		what: '300 × 4 s, 100 at once',
		items: 300,
		predictSeconds: 4,
		atOnce: 100,
		maxOfIdeal: 1.45,
		maxRequests: 0.5,
	},
	{
		what: '120 × 3 s, 40 at once',
		items: 120,
		predictSeconds: 3,
		atOnce: 40,
		maxOfIdeal: 1.45,
		maxRequests: 0.6,
	},
	{
		what: '50 × 2 s, 20 at once',
		items: 50,
		predictSeconds: 2,
		atOnce: 20,
		maxOfIdeal: 1.08,
		maxRequests: 1,
	},
	{
		what: '30 videos × 3 s, 20 at once',
		items: 30,
		predictSeconds: 3,
		atOnce: 20,
		isVideo: true,
		maxOfIdeal: 1.17,
	},
];

/** `SEEDREAM_BENCH_CASES=0,3` measures the first and the fourth of them, and nothing else. */
const WANTED = process.env.SEEDREAM_BENCH_CASES?.split(',').map(Number);

const START = { name: 'Start', type: 'n8n-nodes-base.manualTrigger', typeVersion: 1, parameters: {} };

function editWorkflow(id: string, credentialId: string, folder: string, items: number): WorkflowExport {
	return {
		id,
		name: id,
		nodes: [
			START,
			{
				name: 'Photos',
				type: 'n8n-nodes-base.readWriteFile',
				typeVersion: 1,
				parameters: { operation: 'read', fileSelector: join(folder, '*.jpg') },
			},
			{
				name: 'Edit',
				type: 'n8n-nodes-seedream.seedreamEdit',
				typeVersion: 1,
				parameters: { prompt: '={{ $json.fileName }}', options: { maxEdits: items } },
				credentials: { [CREDENTIAL]: { id: credentialId, name: 'Sandbox' } },
			},
		],
		connections: chain('Start', 'Photos', 'Edit'),
	};
}

function videoWorkflow(id: string, credentialId: string, items: number): WorkflowExport {
	return {
		id,
		name: id,
		nodes: [
			START,
			{
				name: 'Prompts',
				type: 'n8n-nodes-base.code',
				typeVersion: 2,
				parameters: {
					jsCode: `return Array.from({ length: ${items} }, (_, index) => ({ json: { wish: 'wave ' + index } }));`,
				},
			},
			{
				name: 'Edit',
				type: 'n8n-nodes-seedream.atlasCloudModels',
				typeVersion: 1,
				parameters: {
					resource: 'video',
					operation: 'generate',
					model: 'bytedance/seedance-v1.5-pro/text-to-video',
					inputMode: 'json',
					modelInputsJson: '={{ JSON.stringify({ prompt: $json.wish }) }}',
					downloadFiles: false,
				},
				credentials: { [CREDENTIAL]: { id: credentialId, name: 'Sandbox' } },
			},
		],
		connections: chain('Start', 'Prompts', 'Edit'),
	};
}

/** A folder with so many photos. */
async function photosIn(instance: Instance, items: number): Promise<string> {
	const folder = join(instance.filesFolder, `${items}`);
	await mkdir(folder, { recursive: true });
	for (let index = 0; index < items; index++)
		await writeFile(join(folder, `photo-${String(index).padStart(3, '0')}.jpg`), photo(index));
	return folder;
}

let workflows = 0;

async function importCredential(instance: Instance, { baseUrl, apiKey }: BenchSandbox): Promise<string> {
	const id = `bench${++workflows}`.padEnd(16, '0');
	await instance.importCredentials({ id, name: 'Sandbox', type: CREDENTIAL, data: { baseUrl, apiKey } });
	return id;
}

async function batchRows({ host }: BenchContext, instance: Instance, batch: Batch): Promise<Row[]> {
	const { what, items, predictSeconds, atOnce, isVideo, maxOfIdeal, maxRequests } = batch;
	const folder = isVideo ? '' : await photosIn(instance, items);
	const oneBatch = async (seed: number) =>
		await host.with({ predictSeconds, seed, limits: { queueAtOnce: atOnce } }, async (sandbox) => {
			const id = await importCredential(instance, sandbox);
			await instance.importWorkflow(
				isVideo ? videoWorkflow(id, id, items) : editWorkflow(id, id, folder, items),
			);
			const execution = (await instance.executeWorkflow(id)).expectSuccess();
			const count = execution.items('Edit').length;
			if (count !== items) throw new Error(`${count} of ${items} items came out`);
			const ledger = await sandbox.ledger();
			const { prediction, history } = ledger.calls;
			return {
				nodeMs: execution.runs('Edit')[0].executionTime,
				idealMs: idealMs(ledger, atOnce),
				requests: ((prediction?.all ?? 0) + (history?.all ?? 0)) / items,
			};
		});
	type Measured = Awaited<ReturnType<typeof oneBatch>>;
	const ofIdeal = (all: Measured[]) => median(all.map((one) => one.nodeMs / one.idealMs));
	const measured = await rounds(3, (all: Measured[]) => ofIdeal(all) > maxOfIdeal, oneBatch);
	const requests = median(measured.map((one) => one.requests));
	const shown = (value: number) => value.toFixed(1);
	return [
		told(`${what}: wall time`, seconds(median(measured.map(({ nodeMs }) => nodeMs)))),
		atMost(`${what}: time ÷ ideal`, ofIdeal(measured), maxOfIdeal, times),
		maxRequests === undefined
			? told(`${what}: requests to check each`, shown(requests))
			: atMost(`${what}: requests to check each`, requests, maxRequests, shown),
	];
}

/** @returns milliseconds of the node, as n8n measures it */
async function nodeMs(instance: Instance, sandbox: BenchSandbox): Promise<number> {
	const id = await importCredential(instance, sandbox);
	await instance.importWorkflow(editWorkflow(id, id, await photosIn(instance, ITEMS), ITEMS));
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
		nodeMs: await nodeMs(instance, sandbox),
		idealMs: idealMs(await sandbox.ledger(), AT_ONCE),
	}));
	const bareMs = await host.with(options, async (sandbox) => await bareClientMs(sandbox, ITEMS, AT_ONCE));
	return { ...node, bareMs };
}

export const realN8n: Group = {
	name: 'n8n',
	title: `In a real n8n (${N8N_VERSIONS['2.x']}, command line)`,
	takes: 'about 5 minutes',
	note: `${ITEMS} photos read from disk, otherwise as the batch of 100. The node’s own time, as n8n tells it, in a process that has just started. The usual way is measured with ${USUAL_ITEMS} items and scaled. Below: batches against a service that queues what it doesn’t run, without the node being told how many that is.`,
	async measure(context) {
		// The end-to-end tests do it for correctness.
		if (context.isShort) return [];
		const packed = await packNode();
		const n8n = await ensureN8n(N8N_VERSIONS['2.x']);
		const instance = await Instance.create({ n8n, tarball: packed.tarball });
		try {
			const batches: Row[] = [];
			for (const batch of WANTED?.map((index) => BATCHES[index]) ?? BATCHES)
				batches.push(...(await batchRows(context, instance, batch)));
			if (WANTED) return batches;
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
				...batches,
			];
		} finally {
			await instance.remove();
			await packed.remove();
		}
	},
};
