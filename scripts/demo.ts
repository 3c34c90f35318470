/*
 * The whole job, in a real n8n, on this machine:
 *
 *   npm run demo                                          edits the photo that comes with the package
 *   npm run demo -- photo.jpg "make it black and white"   edits yours
 *   npm run demo -- --open                                and leaves n8n's editor running
 *
 * Without a key it talks to the sandbox, which costs nothing; with ATLASCLOUD_API_KEY set, to Atlas Cloud.
 */
import { existsSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { basename, extname, join, relative, resolve } from 'node:path';
import { startSandbox } from '../sandbox';
import type { Sandbox } from '../sandbox/types';
import type { Execution } from './n8n/execution';
import { elapsed, ensureN8n, N8N_VERSIONS } from './n8n/install';
import { loadExample } from './n8n/example';
import { Instance } from './n8n/instance';
import { PROJECT_ROOT, packNode } from './n8n/packNode';
import { untilInterrupted } from './n8n/process';
import { OWNER, Server } from './n8n/server';

const ATLAS_CLOUD = 'https://api.atlascloud.ai';
const WORKFLOW_ID = 'seedreamDemo0001';
const CREDENTIAL = { id: 'seedreamDemo0002', name: 'Atlas Cloud (Seedream) account' };
const EDIT_NODE = 'Seedream Edit';

interface Wish {
	photo: string;
	prompt: string;
	open: boolean;
}

/** Something the person at the keyboard can put right: shown without a stack. */
class Refusal extends Error {}

function readArguments(args: string[]): Wish {
	const unknown = args.find((arg) => arg.startsWith('--') && arg !== '--open');
	if (unknown)
		throw new Refusal(`There is no option ${unknown}. Use: npm run demo -- [photo] [prompt] [--open]`);
	const [photo, prompt] = args.filter((arg) => !arg.startsWith('--'));
	// npm runs scripts in the package's folder; the person may stand elsewhere.
	const here = process.env.INIT_CWD ?? process.cwd();
	const path = photo ? resolve(here, photo) : join(PROJECT_ROOT, 'examples', 'photo.jpg');
	if (!existsSync(path)) throw new Refusal(`There is no file ${path}`);
	return { photo: path, prompt: prompt ?? 'make it black and white', open: args.includes('--open') };
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

async function main(): Promise<void> {
	const wish = readArguments(process.argv.slice(2));
	const key = process.env.ATLASCLOUD_API_KEY?.trim();
	const started = Date.now();

	const packed = await step('Building and packing the node', async () => await packNode());
	const n8n = await ensureN8n(N8N_VERSIONS['2.x']);
	let sandbox: Sandbox | undefined;
	let instance: Instance | undefined;
	let server: Server | undefined;
	try {
		if (key) console.log('Using Atlas Cloud with your key from ATLASCLOUD_API_KEY: this edit is billed.');
		else {
			sandbox = await startSandbox();
			console.log(`Started the sandbox, a stand-in for Atlas Cloud, at ${sandbox.baseUrl}`);
		}
		const running = await step(`Starting a fresh n8n ${n8n.version} with the node installed`, async () => {
			return await Instance.create({ n8n, tarball: packed.tarball });
		});
		instance = running;
		await step('Importing the credential and the workflow', async () => {
			await prepare(running, wish, key ?? sandbox!.apiKey, sandbox?.baseUrl ?? ATLAS_CLOUD);
		});
		const execution = await step(`Running the workflow: “${wish.prompt}”`, async () => {
			return await running.executeWorkflow(WORKFLOW_ID, { timeoutSeconds: 600 });
		});
		await report(running, wish, execution, sandbox !== undefined, started);
		if (wish.open) {
			server = await step('Starting the editor', async () => await Server.start(running));
			await leaveOpen(server);
		} else {
			console.log('\nTo see it in n8n’s editor: npm run demo -- --open');
		}
	} finally {
		await server?.stop();
		await instance?.remove();
		await sandbox?.close();
		await packed.remove();
	}
}

async function prepare(instance: Instance, wish: Wish, apiKey: string, baseUrl: string): Promise<void> {
	const type = 'atlasCloudSeedreamApi';
	await instance.importCredentials({ ...CREDENTIAL, type, data: { apiKey, baseUrl } });
	const photo = join(instance.filesFolder, `photo${extname(wish.photo)}`);
	await copyFile(wish.photo, photo);
	const workflow = await loadExample('edit-a-photo', {
		id: WORKFLOW_ID,
		filesFolder: instance.filesFolder,
		credentials: { [type]: CREDENTIAL },
		adapt: (node) => {
			const { parameters } = node;
			if (parameters.operation === 'read')
				return { ...node, parameters: { ...parameters, fileSelector: photo } };
			if (node.name === EDIT_NODE) return { ...node, parameters: { ...parameters, prompt: wish.prompt } };
			return node;
		},
	});
	await instance.importWorkflow(workflow);
}

async function report(
	instance: Instance,
	wish: Wish,
	execution: Execution,
	isSandbox: boolean,
	started: number,
): Promise<void> {
	if (!execution.succeeded) {
		const { message, description } = execution.error ?? { message: execution.summary(), description: '' };
		throw new Refusal(`The edit did not succeed.\n${message}\n${description ?? ''}`);
	}
	const [{ json, binary }] = execution.items(EDIT_NODE);
	const file = binary!.data.fileName!;
	const folder = join(PROJECT_ROOT, '.tmp', 'demo');
	const name = basename(wish.photo, extname(wish.photo));
	const edited = join(folder, file.replace(/^photo/, name));
	await mkdir(folder, { recursive: true });
	await copyFile(join(instance.filesFolder, file), edited);

	const seconds = (execution.runs(EDIT_NODE)[0].executionTime / 1000).toFixed(1);
	const here = relative(process.cwd(), edited);
	const price = typeof json.priceUsd === 'number' ? `$${json.priceUsd}` : 'not told by Atlas Cloud';
	console.log(`
Done.
  Photo           ${wish.photo}
  Prompt          ${wish.prompt}
  Edited picture  ${here.startsWith('..') ? edited : here} (${String(json.size).replace('*', ' × ')})
  Time            ${seconds} s in the node, ${elapsed(started)} in all
  Cost            ${price}${isSandbox ? ' on Atlas Cloud; nothing here, in the sandbox' : ''}
  Prediction      ${String(json.predictionId)}`);
	if (isSandbox) {
		console.log(`
The sandbox understands plain instructions (sepia, blur, mirror, …) and marks its pictures.
For the real Seedream: ATLASCLOUD_API_KEY=… npm run demo`);
	}
}

async function leaveOpen(server: Server): Promise<void> {
	console.log(`
n8n’s editor is running, with the workflow and the credential ready:
  Address   ${server.url}/workflow/${WORKFLOW_ID}
  Email     ${OWNER.email}
  Password  ${OWNER.password}
Everything in it goes when you stop it: Ctrl+C.`);
	await Promise.race([server.ended(), untilInterrupted()]);
	console.log('Stopping n8n …');
}

main().then(
	() => process.exit(0),
	(error: unknown) => {
		console.error(
			`\n${error instanceof Refusal ? error.message : error instanceof Error ? error.stack : String(error)}`,
		);
		process.exit(1);
	},
);
