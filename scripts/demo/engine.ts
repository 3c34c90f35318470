/* Runs a demo in n8n’s own engine, in this process. */
import { plainNode, runWorkflow } from '../../test/engine/harness';
import { createReadStream, createWriteStream } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
	NodeHelpers,
	Workflow,
	type IExecuteFunctions,
	type INode,
	type INodeExecutionData,
	type INodeProperties,
	type INodeType,
	type INodeTypes,
} from 'n8n-workflow';
import { AtlasCloudSeedreamApi } from '../../credentials/AtlasCloudSeedreamApi.credentials';
import { Execution } from '../n8n/execution';
import { completeWorkflow, type WorkflowExport } from '../n8n/instance';

export { readBinary } from '../../test/engine/harness';

export interface EngineOptions {
	apiKey: string;
	baseUrl: string;
	/** What the start node gives, one item each. */
	prompts: string[];
	/** Called when a node begins. */
	onNode?: (name: string) => void;
}

const FILE_PARAMETERS = ['operation', 'fileSelector', 'fileName', 'dataPropertyName'].map(
	(name): INodeProperties => ({ displayName: name, name, type: 'string', default: '' }),
);

/** As n8n’s Read/Write Files from Disk, which is not among this package’s dev dependencies: streams one file per item. */
async function readOrWrite(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const { helpers } = context;
	const parameter = (name: string, index: number) => String(context.getNodeParameter(name, index));
	const work = async (item: INodeExecutionData, index: number): Promise<INodeExecutionData> => {
		if (parameter('operation', index) === 'read') {
			const path = parameter('fileSelector', index);
			const data = await helpers.prepareBinaryData(createReadStream(path), basename(path));
			return { json: item.json, binary: { data }, pairedItem: { item: index } };
		}
		const path = parameter('fileName', index);
		const file = helpers.assertBinaryData(index, parameter('dataPropertyName', index));
		await pipeline(await helpers.getBinaryStream(file.id!), createWriteStream(path));
		return { ...item, json: { ...item.json, fileName: path }, pairedItem: { item: index } };
	};
	return await Promise.all(context.getInputData().map(work));
}

/** With their ending: without it, tsx takes `X.node` for the `X.node.json` beside it. */
async function loadNodes() {
	const load = async <T>(path: string) => (await import(`${path}.ts`)) as T;
	const nodes = '../../nodes/AtlasCloud';
	const { SeedreamEdit } = await load<typeof import('../../nodes/AtlasCloud/SeedreamEdit/SeedreamEdit.node')>(
		`${nodes}/SeedreamEdit/SeedreamEdit.node`,
	);
	const { AtlasCloudModels } = await load<
		typeof import('../../nodes/AtlasCloud/AtlasCloudModels/AtlasCloudModels.node')
	>(`${nodes}/AtlasCloudModels/AtlasCloudModels.node`);
	return { SeedreamEdit, AtlasCloudModels };
}

/** Runs a workflow of manual trigger, Read/Write Files and our own nodes to its end. */
export async function runInProcess(
	workflow: Omit<WorkflowExport, 'id'>,
	options: EngineOptions,
): Promise<Execution> {
	const { SeedreamEdit, AtlasCloudModels } = await loadNodes();
	const start = async () =>
		await Promise.resolve(options.prompts.map((prompt): INodeExecutionData => ({ json: { prompt } })));
	const types: Record<string, INodeType> = {
		'n8n-nodes-base.manualTrigger': plainNode('Start', [], start),
		'n8n-nodes-base.readWriteFile': plainNode('Files', ['main'], readOrWrite, FILE_PARAMETERS),
		'n8n-nodes-seedream.seedreamEdit': new SeedreamEdit(),
		'n8n-nodes-seedream.atlasCloudModels': new AtlasCloudModels(),
	};
	const nodeTypes: INodeTypes = {
		getByName: (name) => types[name],
		getByNameAndVersion: (name, version) => NodeHelpers.getVersionedNodeType(types[name], version),
		getKnownTypes: () => ({}),
	};
	const credentialType = new AtlasCloudSeedreamApi();
	const { nodes, ...rest } = completeWorkflow(workflow);
	const isOurs = (node: { type: string }) => node.type.startsWith('n8n-nodes-seedream.');
	const credentials = { [credentialType.name]: { id: 'demo', name: 'Atlas Cloud' } };
	const { run } = await runWorkflow(
		new Workflow({
			...rest,
			id: 'demo',
			nodeTypes,
			nodes: nodes.map((node): INode => (isOurs(node) ? { ...node, credentials } : node)),
		}),
		nodes[0].name,
		{
			credentialType,
			credentialData: { apiKey: options.apiKey, baseUrl: options.baseUrl },
			onNode: options.onNode,
		},
	);
	return new Execution(undefined, run.status, run.data);
}
