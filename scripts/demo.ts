/*
 * The whole job, in a real n8n, on this machine:
 *
 *   npm run demo                                          edits the photo that comes with the package
 *   npm run demo -- photo.jpg "make it black and white"   edits yours
 *   npm run demo -- --video                               makes a video of a photo: cleaned up, in a scene, with sound
 *   npm run demo -- --open                                and leaves n8n's editor running
 *
 * Without a key it talks to the sandbox, which costs nothing; with ATLASCLOUD_API_KEY set, to Atlas Cloud.
 */
import { existsSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { startSandbox } from '../sandbox';
import type { Sandbox } from '../sandbox/types';
import { copyResult, describeFailure, describeResult } from './demoReport';
import { EDIT_DEMO, VIDEO_DEMO, type Wish } from './demos';
import { elapsed, ensureN8n, N8N_VERSIONS } from './n8n/install';
import { loadExample } from './n8n/example';
import { Instance } from './n8n/instance';
import { PROJECT_ROOT, packNode } from './n8n/packNode';
import { untilInterrupted } from './n8n/process';
import { OWNER, Server } from './n8n/server';

const ATLAS_CLOUD = 'https://api.atlascloud.ai';
const WORKFLOW_ID = 'seedreamDemo0001';
const CREDENTIAL = { id: 'seedreamDemo0002', name: 'Atlas Cloud (Seedream) account' };
const OPTIONS = ['--open', '--video'];

/** Something the person at the keyboard can put right: shown without a stack. */
class Refusal extends Error {}

function readArguments(args: string[]): Wish {
	const unknown = args.find((arg) => arg.startsWith('--') && !OPTIONS.includes(arg));
	if (unknown)
		throw new Refusal(
			`There is no option ${unknown}. Use: npm run demo -- [photo] [prompt] [--video] [--open]`,
		);
	const [photo, prompt] = args.filter((arg) => !arg.startsWith('--'));
	// npm runs scripts in the package's folder; the person may stand elsewhere.
	const here = process.env.INIT_CWD ?? process.cwd();
	const path = photo ? resolve(here, photo) : join(PROJECT_ROOT, 'examples', 'photo.jpg');
	if (!existsSync(path)) throw new Refusal(`There is no file ${path}`);
	const demo = args.includes('--video') ? VIDEO_DEMO : EDIT_DEMO;
	return { demo, photo: path, prompt: prompt ?? demo.defaultPrompt, open: args.includes('--open') };
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
		if (key)
			console.log(`Using Atlas Cloud with your key from ATLASCLOUD_API_KEY: ${wish.demo.billingNotice}`);
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
			return await running.executeWorkflow(WORKFLOW_ID, { timeoutSeconds: wish.demo.timeoutSeconds });
		});
		if (!execution.succeeded) throw new Refusal(describeFailure(execution, wish.demo));
		const result = await copyResult(execution, running.filesFolder, wish);
		console.log(describeResult(execution, wish, { result, took: elapsed(started), isSandbox: !key }));
		if (wish.open) {
			server = await step('Starting the editor', async () => await Server.start(running));
			await leaveOpen(server);
		} else {
			console.log(`\nTo see it in n8n’s editor: ${wish.demo.openCommand}`);
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
	const { demo } = wish;
	const photo = join(instance.filesFolder, `photo${extname(wish.photo)}`);
	await copyFile(wish.photo, photo);
	const workflow = await loadExample(demo.example, {
		id: WORKFLOW_ID,
		filesFolder: instance.filesFolder,
		credentials: { [type]: CREDENTIAL },
		adapt: (node) => {
			const { parameters } = node;
			if (parameters.operation === 'read')
				return { ...node, parameters: { ...parameters, fileSelector: photo } };
			if (node.name === demo.billedNodes.at(-1))
				return { ...node, parameters: demo.withPrompt(parameters, wish.prompt) };
			return node;
		},
	});
	await instance.importWorkflow(workflow);
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
