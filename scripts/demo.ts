/*
 * The whole job on this machine, in seconds, in n8n's own engine:
 *
 *   npm run demo                                          edits the photo that comes with the package
 *   npm run demo -- photo.jpg "make it black and white"   edits yours
 *   npm run demo -- --video                               makes a video of a photo: cleaned up, in a scene, with sound
 *   npm run demo -- --rows                                edits a sheet of twenty rows
 *   npm run demo -- --n8n                                 does it in a real n8n, which it installs first
 *   npm run demo -- --open                                and leaves that n8n's editor running
 *
 * Without a key it talks to the sandbox, which costs nothing; with ATLASCLOUD_API_KEY set, to Atlas Cloud, after asking.
 */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { IBinaryData } from 'n8n-workflow';
import { startSandbox } from '../sandbox';
import { confirmSpending } from './ask';
import { demoWorkflow, editDemo, rowsDemo, videoDemo, type Demo } from './demo/demos';
import { readBinary, runInProcess } from './demo/engine';
import { quoteDemo } from './demo/quote';
import { whatN8nNeeds, withRealN8n } from './demo/realN8n';
import { describeFailure, describeResult, writeResults } from './demo/report';
import { watchRequests } from './demo/requests';
import { Steps } from './demo/steps';
import type { Execution } from './n8n/execution';
import { elapsed } from './n8n/install';
import { PROJECT_ROOT } from './n8n/packNode';

const ATLAS_CLOUD = 'https://api.atlascloud.ai';
const RESULTS_FOLDER = join(PROJECT_ROOT, '.tmp', 'demo');
const OPTIONS = ['--video', '--rows', '--n8n', '--open', '--yes'];

/** Something the person at the keyboard can put right: shown without a stack. */
class Refusal extends Error {}

/** What the person at the keyboard asks for. */
interface Wish {
	demo: Demo;
	/** The path of the photo. */
	photo: string;
	isReal: boolean;
	/** Whether to leave n8n's editor running. */
	open: boolean;
	isAgreed: boolean;
}

function readArguments(args: string[]): Wish {
	const has = (option: string) => args.includes(option);
	const unknown = args.find((arg) => arg.startsWith('--') && !OPTIONS.includes(arg));
	if (unknown) {
		throw new Refusal(
			`There is no option ${unknown}. Use: npm run demo -- [photo] [prompt] [${OPTIONS.join('] [')}]`,
		);
	}
	const isReal = has('--n8n') || has('--open');
	if (has('--rows') && (has('--video') || isReal)) {
		throw new Refusal('--rows edits images in this process: leave out --video, --n8n, and --open.');
	}
	const [photo, prompt] = args.filter((arg) => !arg.startsWith('--'));
	// npm runs scripts in the package's folder; the person may stand elsewhere.
	const here = process.env.INIT_CWD ?? process.cwd();
	const path = photo ? resolve(here, photo) : join(PROJECT_ROOT, 'examples', 'photo.jpg');
	if (!existsSync(path)) throw new Refusal(`There is no file ${path}`);
	const makeDemo = has('--video') ? videoDemo : has('--rows') ? rowsDemo : editDemo;
	return { demo: makeDemo(prompt), photo: path, isReal, open: has('--open'), isAgreed: has('--yes') };
}

async function main(): Promise<void> {
	const wish = readArguments(process.argv.slice(2));
	const needs = wish.isReal ? whatN8nNeeds() : null;
	if (needs) {
		console.log(needs.notice);
		if (needs.missing.length > 0) {
			throw new Refusal(
				`Missing here: ${needs.missing.join(', ')} (Debian: apt-get install python3 make g++).\nWithout them: npm run demo`,
			);
		}
	}
	const key = process.env.ATLASCLOUD_API_KEY?.trim();
	const sandbox = key ? undefined : await startSandbox();
	try {
		const baseUrl = sandbox?.baseUrl ?? process.env.ATLASCLOUD_BASE_URL ?? ATLAS_CLOUD;
		await run(wish, { apiKey: key ?? sandbox!.apiKey, baseUrl }, !key);
	} finally {
		await sandbox?.close();
	}
}

async function run(
	wish: Wish,
	credential: { apiKey: string; baseUrl: string },
	isSandbox: boolean,
): Promise<void> {
	const { demo, photo } = wish;
	const started = Date.now();
	if (isSandbox)
		console.log('Using the sandbox, a stand-in for Atlas Cloud on this machine: nothing is billed.');
	else {
		const cost = await quoteDemo(demo, photo, credential);
		const notice = `Using Atlas Cloud with your key from ATLASCLOUD_API_KEY: ${cost}.`;
		if (!(await confirmSpending(notice, wish.isAgreed))) return;
	}
	const report = async (execution: Execution, readBinary: (binary: IBinaryData) => Promise<Buffer>) => {
		if (!execution.succeeded) throw new Refusal(describeFailure(execution, demo));
		const written = await writeResults(execution, demo, photo, { folder: RESULTS_FOLDER, readBinary });
		const took = `${elapsed(started)} in all`;
		console.log(describeResult(execution, demo, { photo, ...written, took, isSandbox }));
	};
	if (wish.isReal) {
		await withRealN8n(demo, photo, credential, async ({ execution, readBinary: read, leaveOpen }) => {
			await report(execution, read);
			if (wish.open) await leaveOpen();
		});
		return;
	}
	await mkdir(RESULTS_FOLDER, { recursive: true });
	const steps = new Steps(demo.prompts.length);
	steps.say('Running the workflow in n8n’s engine, in this process');
	const stopWatching = watchRequests(credential.baseUrl, (request) => steps.onRequest(request));
	try {
		const workflow = demoWorkflow(demo, photo, RESULTS_FOLDER);
		const onNode = (name: string) => steps.say(name);
		const execution = await runInProcess(workflow, { ...credential, prompts: demo.prompts, onNode });
		steps.say('The workflow is over');
		await report(execution, readBinary);
	} finally {
		stopWatching();
	}
	console.log(
		`In a real n8n, with its editor:  npm run demo -- --open${demo.name === 'video' ? ' --video' : ''}`,
	);
}

// What is being bought is awaited and saved, even if nobody reads on, as in `npm run demo | head`.
process.stdout.on('error', () => {});

main().then(
	() => process.exit(),
	(error: unknown) => {
		console.error(
			`\n${error instanceof Refusal ? error.message : error instanceof Error ? error.stack : String(error)}`,
		);
		process.exit(1);
	},
);
