import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { WebhookContext } from 'n8n-core';
import {
	Workflow,
	type IDataObject,
	type INode,
	type INodeExecutionData,
	type INodeTypes,
	type IWebhookData,
	type IWorkflowExecuteAdditionalData,
} from 'n8n-workflow';
import { AtlasCloudSeedreamApi } from '../../credentials/AtlasCloudSeedreamApi.credentials';
import { AtlasCloudTrigger } from '../../nodes/AtlasCloud/AtlasCloudTrigger/AtlasCloudTrigger.node';
import type { Sandbox } from '../../sandbox';
import { credentialsHelper, initCore, N8N_ADDRESSES, runNode, type BinaryMode } from './harness';
import { serve } from './serve';

const TYPE = 'n8n-nodes-seedream.atlasCloudTrigger';

export interface TriggerOptions {
	sandbox: Sandbox;
	parameters?: IDataObject;
	binaryMode?: BinaryMode;
	/** What n8n's database holds of the workflow's static data. */
	staticData?: IDataObject;
	/** n8n cannot start so many executions. */
	startFailures?: number;
	/** Resolves when n8n goes on to start an execution. */
	beforeStart?: (response: ServerResponse) => Promise<void>;
}

/** An address of the trigger, and what came of the calls. */
export interface TriggerHost {
	url: string;
	/** The trigger's items of each execution that was started. */
	executions: INodeExecutionData[][];
	/** The messages of executions that failed in the trigger. */
	failures: string[];
	/** Statuses of the answers, in order. */
	statuses: number[];
	staticData: IDataObject;
	/** Runs an execution, as n8n does when a call started or a person retries it. */
	execute(items: INodeExecutionData[]): Promise<void>;
	close(): void;
}

const node = new AtlasCloudTrigger();
let hosts = 0;

/**
 * Serves a trigger as n8n does (`executeWebhook` in `packages/cli/src/webhooks/webhook-helpers.ts`, 2.41): n8n-core's
 * WebhookContext, the workflow loaded anew for each call, static data stored unless the call failed.
 */
export async function hostTrigger(options: TriggerOptions): Promise<TriggerHost> {
	await initCore(options.binaryMode);
	const workflowId = `wf${++hosts}`;
	const host = { executions: [], failures: [], statuses: [], staticData: options.staticData ?? {} };
	const execute = async (items: INodeExecutionData[]): Promise<void> => {
		const { sandbox, parameters = {}, binaryMode } = options;
		const { run, items: out } = await runNode({
			...{ node, type: TYPE, parameters, binaryMode, mode: 'webhook' },
			credentialType: new AtlasCloudSeedreamApi(),
			credentialData: { apiKey: sandbox.apiKey, baseUrl: sandbox.baseUrl },
			seed: async () => await Promise.resolve(items),
		});
		const { error } = run.data.resultData;
		if (error) served.failures.push(error.message);
		else served.executions.push(out[0]);
	};
	const served: Omit<TriggerHost, 'url' | 'close'> = { ...host, execute };
	let startFailures = options.startFailures ?? 0;

	const call = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
		const workflow = workflowOf(workflowId, options.parameters, served.staticData);
		const context = await contextOf(workflow, options.sandbox, request, response);
		const answer = (statusCode: number, body: unknown) =>
			response.writeHead(statusCode, { 'content-type': 'application/json' }).end(JSON.stringify(body));
		try {
			const { workflowData, webhookResponse, noWebhookResponse } = await node.webhook.call(context);
			if (workflowData) await options.beforeStart?.(response);
			if (workflowData && startFailures-- > 0) return void answer(500, {});
			served.staticData = JSON.parse(JSON.stringify(workflow.staticData)) as IDataObject;
			if (workflowData) await served.execute(workflowData[0]);
			if (!noWebhookResponse) answer(200, webhookResponse ?? { message: 'Workflow was started' });
		} catch {
			answer(500, {});
		}
	};
	const server = await serve((request, response) => {
		response.once('finish', () => served.statuses.push(response.statusCode));
		void call(request, response);
	});
	return Object.assign(served, { url: `${server.url}/webhook/a/webhook`, close: server.close });
}

function workflowOf(id: string, parameters: IDataObject = {}, staticData: IDataObject): Workflow {
	const getNodeType = () => node;
	const nodeTypes: INodeTypes = {
		getByName: getNodeType,
		getByNameAndVersion: getNodeType,
		getKnownTypes: () => ({}) as IDataObject,
	};
	const trigger = {
		id: 'trigger',
		name: 'Trigger',
		type: TYPE,
		typeVersion: 1,
		position: [0, 0],
		parameters,
		credentials: { atlasCloudSeedreamApi: { id: 'c1', name: 'cred' } },
		webhookId: 'a',
	} as INode;
	const saved = JSON.parse(JSON.stringify(staticData)) as IDataObject;
	return new Workflow({ id, nodes: [trigger], connections: {}, active: true, nodeTypes, staticData: saved });
}

/** The context of one call. */
async function contextOf(
	workflow: Workflow,
	sandbox: Sandbox,
	request: IncomingMessage,
	response: ServerResponse,
): Promise<WebhookContext> {
	const rawBody = await buffer(request);
	const credential = { apiKey: sandbox.apiKey, baseUrl: sandbox.baseUrl };
	// What Express adds.
	Object.assign(response, {
		status: (statusCode: number) => Object.assign(response, { statusCode }),
		json: (body: unknown) => response.end(JSON.stringify(body)),
	});
	const additionalData = {
		httpRequest: Object.assign(request, { rawBody }),
		httpResponse: response,
		credentialsHelper: credentialsHelper(new AtlasCloudSeedreamApi(), credential),
		...N8N_ADDRESSES,
		variables: {},
	} as unknown as IWorkflowExecuteAdditionalData;
	const webhookData = {} as IWebhookData;
	const trigger = workflow.getNode('Trigger')!;
	return new WebhookContext(workflow, trigger, additionalData, 'webhook', webhookData, [], null);
}
