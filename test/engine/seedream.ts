import { randomUUID } from 'node:crypto';
import type {
	IBinaryData,
	ICredentialDataDecryptedObject,
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
} from 'n8n-workflow';
import { AtlasCloudSeedreamApi } from '../../credentials/AtlasCloudSeedreamApi.credentials';
import { SeedreamEdit } from '../../nodes/AtlasCloud/SeedreamEdit/SeedreamEdit.node';
import { V4_EDIT, V5_LITE_EDIT } from '../../nodes/AtlasCloud/api/models/seedream';
import { startSandbox, type Sandbox, type SandboxOptions, type SandboxPrediction } from '../../sandbox';
import { readBinary, runNode, type BinaryMode, type HarnessOptions, type NodeRunResult } from './harness';
import { picture } from './pictures';
import { virtualTime } from './virtualTime';

export { readBinary } from './harness';
export { bmpPicture, colorAt, picture, sha256 } from './pictures';
export const V4 = V4_EDIT;
export const LITE = V5_LITE_EDIT;
/** Both ways in which n8n keeps files. */
export const BINARY_MODES: BinaryMode[] = ['filesystem', 'default'];

/** A file of an input item. */
export interface InputFile {
	bytes: Buffer;
	fileName?: string;
	mimeType?: string;
}

/** An input item; its `files` are put into n8n's binary storage first. */
export interface InputItem {
	json?: IDataObject;
	binary?: INodeExecutionData['binary'];
	pairedItem?: INodeExecutionData['pairedItem'];
	files?: Record<string, Buffer | InputFile>;
}

type Seed = HarnessOptions['seed'];

export interface SeedreamOptions extends Partial<
	Omit<HarnessOptions, 'node' | 'credentialType' | 'seed' | 'parameters'>
> {
	/** By default that of the test file. */
	sandbox?: Sandbox;
	/** Another node than Seedream Edit; its parameters are then only those given. */
	node?: INodeType;
	/**
	 * The node's parameters. A text as `model` stands for its resource locator. What is not given is the node's
	 * default, but for the model (v4: its pictures are small), the prompt, and Simplify (off).
	 */
	parameters?: Record<string, unknown>;
	/** Default: one item with a small picture as `data`. */
	items?: InputItem[] | Seed;
	/** Put over key and address of the sandbox. */
	credentialData?: ICredentialDataDecryptedObject;
}

export interface SeedreamResult extends NodeRunResult {
	/** Items of the first output. */
	out: INodeExecutionData[];
	/** Their json. */
	json: IDataObject[];
	/** What the node threw. */
	error: ThrownError | undefined;
	/** What n8n shows beside the output. */
	hint: string;
}

/** The parts of n8n's node errors that tests look at. */
export interface ThrownError {
	/** n8n shows them under the error's details. */
	messages: string[];
	name: string;
	message: string;
	description?: string | null;
	context?: IDataObject;
}

/** Puts a file into n8n's storage, as an earlier node would have. */
export async function storeFile(context: IExecuteFunctions, file: Buffer | InputFile): Promise<IBinaryData> {
	const {
		bytes,
		fileName = 'photo.png',
		mimeType = 'image/png',
	} = Buffer.isBuffer(file) ? { bytes: file } : file;
	return await context.helpers.prepareBinaryData(bytes, fileName, mimeType);
}

function seedOf(items: InputItem[] | Seed | undefined): Seed {
	if (typeof items === 'function') return items;
	return async (context) => {
		const wanted = items ?? [{ files: { data: await picture() } }];
		return await Promise.all(
			wanted.map(async ({ files, ...item }, i): Promise<INodeExecutionData> => {
				const stored = await Promise.all(
					Object.entries(files ?? {}).map(async ([name, file]) => [name, await storeFile(context, file)]),
				);
				const binary = { ...item.binary, ...(Object.fromEntries(stored) as Record<string, IBinaryData>) };
				return {
					pairedItem: { item: i },
					...item,
					json: item.json ?? {},
					...(Object.keys(binary).length > 0 ? { binary } : {}),
				};
			}),
		);
	};
}

export const SEEDREAM_EDIT = new SeedreamEdit();

/** What a run of the node needs, whatever runs it. */
export function nodeRun({ node, parameters = {}, items, credentialData, ...options }: SeedreamOptions) {
	const { apiKey, baseUrl } = options.sandbox ?? sandbox;
	const defaults = node
		? { simplify: false }
		: { resource: 'image', operation: 'edit', prompt: 'make it black and white', model: V4, simplify: false };
	const { model, ...others }: Record<string, unknown> = { ...defaults, ...parameters };
	const locator = typeof model === 'string' ? { __rl: true, mode: 'id', value: model } : model;
	return {
		node: node ?? SEEDREAM_EDIT,
		credentialData: { apiKey, baseUrl, ...credentialData },
		seed: seedOf(items),
		parameters: { ...others, ...(locator === undefined ? {} : { model: locator }) },
	};
}

/** Runs Seedream Edit in n8n's engine against a sandbox. */
export async function runSeedream(options: SeedreamOptions = {}): Promise<SeedreamResult> {
	const run = nodeRun(options);
	const result = await runNode({
		...options,
		...run,
		type: options.type ?? `n8n-nodes-seedream.${run.node.description.name}`,
		credentialType: new AtlasCloudSeedreamApi(),
	});
	const out = result.items[0] ?? [];
	const ofNode = result.run.data.resultData.runData.Node?.at(-1);
	const thrown = ofNode?.error ?? result.run.data.resultData.error;
	return {
		...result,
		out,
		json: out.map(({ json }) => json),
		error: thrown as unknown as ThrownError | undefined,
		hint: ofNode?.hints?.[0]?.message ?? '',
	};
}

/** The same, without an error. */
export async function succeed(options: SeedreamOptions = {}): Promise<SeedreamResult> {
	const result = await runSeedream(options);
	expect(result.error).toBeUndefined();
	return result;
}

/** Runs Seedream Edit with this operation. */
export const running =
	(resource: string, operation: string) =>
	async (options: SeedreamOptions = {}): Promise<SeedreamResult> =>
		await runSeedream({ ...options, parameters: { resource, operation, ...options.parameters } });

/** Runs it, and tells why it was refused; nothing may have been uploaded or bought. */
export async function refusal(options: SeedreamOptions): Promise<{ message: string; description: string }> {
	const sent = () => [sandbox.ledger.count('upload'), sandbox.ledger.count('submit')];
	const before = sent();
	const { error } = await runSeedream(options);
	expect(sent()).toEqual(before);
	if (!error) throw new Error('It was not refused');
	return { message: error.message, description: error.description ?? '' };
}

/** A stand-in Atlas Cloud on the scaled clock. It answers with one prepared picture unless `preparedPictures: false`. */
export async function fastSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
	return await startSandbox({
		clock: virtualTime,
		// An account of its own: a sandbox may get the port of an earlier one, whose purchases the node remembers.
		apiKey: randomUUID(),
		predictSeconds: 1,
		jitter: 0,
		preparedPictures: true,
		// A video takes long to make.
		preparedMedia: options.preparedPictures !== false,
		...options,
	});
}

/** The sandbox of the test file, or of its test. */
export let sandbox: Sandbox;

/** Opens it, in place of the one before. */
export async function openSandbox(options?: SandboxOptions): Promise<void> {
	await sandbox?.close();
	sandbox = await fastSandbox(options);
}

/** Call it once, at the top of a test file: one sandbox for all tests, without the faults of the test before. */
export function useOneSandbox(options?: SandboxOptions): void {
	beforeAll(async () => await openSandbox(options));
	afterEach(() => sandbox.clearFaults());
	afterAll(async () => await sandbox.close());
}

/** The same, with a sandbox for each test. */
export function useNewSandboxes(options?: SandboxOptions): void {
	beforeEach(async () => await openSandbox(options));
	afterAll(async () => await sandbox.close());
}

/** The content of an item's picture. */
export async function pictureOf(item: INodeExecutionData | undefined, field = 'data'): Promise<Buffer> {
	const binary = item?.binary?.[field];
	if (!binary) throw new Error(`The item has no ${field}`);
	return await readBinary(binary);
}

/** The sandbox's record of what an item's json names. */
export function predictionOf(sandbox: Sandbox, json: IDataObject | undefined): SandboxPrediction {
	const found = sandbox.ledger.predictions.get(String(json?.predictionId));
	if (!found) throw new Error(`The sandbox knows no prediction ${String(json?.predictionId)}`);
	return found;
}

/** The bodies of all submits that the sandbox saw. */
export function submittedBodies(sandbox: Sandbox): IDataObject[] {
	return sandbox.ledger.requests
		.filter(({ endpoint }) => endpoint === 'submit')
		.map(({ body }) => body as IDataObject);
}
