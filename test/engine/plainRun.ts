import {
	NodeHelpers,
	type IBinaryData,
	type IDataObject,
	type IExecuteFunctions,
	type INode,
	type INodeExecutionData,
	type INodeParameters,
	type INodeType,
} from 'n8n-workflow';
import { asObject } from '../../nodes/AtlasCloud/api/json';
import { nodeRun, type SeedreamOptions, type ThrownError } from './seedream';

export interface PlainResult {
	json: IDataObject[];
	error: ThrownError | undefined;
	/** All that n8n would keep or show. */
	kept: unknown;
}

/** `{{ $json.name }}` is all that the tables use of n8n's expressions. */
function resolved(value: unknown, json: IDataObject): unknown {
	if (typeof value === 'string') {
		const name = /^=\{\{ \$json\.(\w+) \}\}$/.exec(value)?.[1];
		return name === undefined ? value : json[name];
	}
	if (Array.isArray(value)) return value.map((each) => resolved(each, json));
	if (typeof value !== 'object' || value === null) return value;
	return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, resolved(each, json)]));
}

/** By node and what is given: many rows of a table have the same. */
const completedParameters = new Map<string, INodeParameters>();

/** The parameters with the node's defaults, as n8n completes them. */
function completed({ description }: INodeType, given: INodeParameters): INodeParameters {
	const key = JSON.stringify([description.name, given]);
	let parameters = completedParameters.get(key);
	if (!parameters) {
		const node = { type: description.name, typeVersion: 1 };
		parameters =
			NodeHelpers.getNodeParameters(description.properties, given, true, false, node, description) ?? {};
		completedParameters.set(key, parameters);
	}
	return parameters;
}

/** What `prepareBinaryData` makes in n8n's mode `default`. */
async function binaryData(content: unknown, fileName?: string, mimeType = ''): Promise<IBinaryData> {
	const chunks: Uint8Array[] = [];
	if (content instanceof Uint8Array) chunks.push(content);
	else for await (const chunk of content as AsyncIterable<Uint8Array>) chunks.push(chunk);
	const bytes = Buffer.concat(chunks);
	return { data: bytes.toString('base64'), mimeType, bytes: bytes.length, ...(fileName ? { fileName } : {}) };
}

/**
 * Runs a node in what looks to it like n8n, without its engine: for tables of thousands of rows. Files are kept in
 * memory, and requests go to a sandbox of this process.
 */
export async function runPlain(options: SeedreamOptions, stops: boolean): Promise<PlainResult> {
	const { node: type, seed, credentialData, ...run } = nodeRun(options);
	const parameters = completed(type, run.parameters as INodeParameters);
	const node = { id: 'nut', name: 'Node', typeVersion: 1, type: '', position: [0, 0], parameters } as INode;
	const context: IDataObject = {};
	const hints: unknown[] = [];
	const logged: unknown[] = [];
	const log = (...what: unknown[]) => void logged.push(what);
	const signal = new AbortController().signal;
	let input: INodeExecutionData[] = [];
	const functions = {
		helpers: { prepareBinaryData: binaryData },
		logger: { debug: log, info: log, warn: log, error: log },
		getNode: () => node,
		getMode: () => 'manual',
		getWorkflow: () => ({ id: 'wf1', name: 'plain', active: false }),
		getWorkflowSettings: () => ({}),
		getExecutionId: () => '77',
		getExecutionCancelSignal: () => signal,
		getExecutionContext: () => undefined,
		getContext: () => context,
		getWorkflowDataProxy: () => ({ $runIndex: 0 }),
		getInputData: () => input,
		getCredentials: async () => await Promise.resolve(credentialData),
		continueOnFail: () => !stops,
		addExecutionHints: (...given: unknown[]) => void hints.push(...given),
		getNodeParameter(name: string, index: number, fallback?: unknown, options?: { extractValue?: boolean }) {
			const [first, ...rest] = name.split('.');
			const inner = rest.reduce<unknown>((outer, key) => asObject(outer)?.[key], parameters[first]);
			const value = resolved(inner ?? fallback, input[index]?.json ?? {});
			return options?.extractValue ? ((value as IDataObject | undefined)?.value ?? value) : value;
		},
	} as unknown as IExecuteFunctions;
	input = await seed(functions);
	const out = await Promise.resolve(type.execute?.call(functions)).catch((error: unknown) => error as Error);
	const error = out instanceof Error ? (out as unknown as ThrownError) : undefined;
	const items = Array.isArray(out) ? (out[0] ?? []) : [];
	return {
		json: items.map(({ json }) => json),
		error,
		kept: [items.map(({ json }) => json), error, error?.context, context, hints, logged],
	};
}
