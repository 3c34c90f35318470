/* A running n8n with its editor and webhooks, driven by the interface that the editor itself uses. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { parse } from 'flatted';
import type {
	IBinaryData,
	IDataObject,
	INode,
	INodePropertyOptions,
	INodeTypeDescription,
	IRunExecutionData,
} from 'n8n-workflow';
import { Agent, fetch, type RequestInit, type Response } from 'undici';
import { Execution, type ExecutionStatus } from './execution';
import {
	completeWorkflow,
	type CredentialExport,
	type Instance,
	type NodeExport,
	type WorkflowExport,
} from './instance';
import { N8nProcess } from './n8nProcess';
import { captureOutput, start } from './process';
import { until, waitFor } from './waitFor';

/** Of the instance that is thrown away afterwards, and printed by the demo. */
export const OWNER = {
	email: 'owner@example.com',
	firstName: 'Sandbox',
	lastName: 'Owner',
	password: 'Seedream-2025',
};

const OVER: ExecutionStatus[] = ['success', 'error', 'canceled', 'crashed'];

const STATUSES: ExecutionStatus[] = [...OVER, 'new', 'running', 'unknown', 'waiting'];

export interface StoredWorkflow {
	id: string;
	versionId: string;
	nodes: INode[];
}

export interface StoredExecution {
	id: string;
	status: ExecutionStatus;
	mode: string;
	workflowId: string;
	retryOf?: string | null;
	retrySuccessId?: string | null;
	startedAt: string;
	stoppedAt?: string | null;
}

export class RestError extends Error {
	constructor(
		readonly statusCode: number,
		readonly body: string,
		what: string,
	) {
		super(`${what}: ${statusCode} ${body.slice(0, 500)}`);
	}
}

export class Server extends N8nProcess {
	private cookie = '';
	private readonly agent = new Agent({ headersTimeout: 600_000, bodyTimeout: 600_000 });

	private constructor(
		readonly instance: Instance,
		readonly url: string,
		child: ChildProcess,
	) {
		super({ child, output: captureOutput(child) });
	}

	/** Starts the server of an instance and logs in as its owner. */
	static async start(instance: Instance, env: NodeJS.ProcessEnv = {}): Promise<Server> {
		const processEnv = await instance.processEnv(env);
		const url = `http://localhost:${processEnv.N8N_PORT}`;
		const child = start(instance.n8n.nodeBin, [instance.n8n.n8nBin, 'start'], {
			cwd: instance.folder,
			env: { ...processEnv, WEBHOOK_URL: `${url}/`, N8N_EDITOR_BASE_URL: `${url}/` },
		});
		const server = new Server(instance, url, child);
		try {
			await server.waitUntilReady();
			await server.login();
		} catch (error) {
			await server.stop();
			throw error;
		}
		return server;
	}

	/** Waits until n8n answers and its database does. */
	async waitUntilReady(): Promise<void> {
		const isReady = async () => {
			if (!this.isRunning) throw new Error(`n8n ended before it was ready:\n${this.logs}`);
			const response = await this.request('/healthz/readiness').catch(() => undefined);
			await response?.body?.cancel();
			return response?.ok ?? false;
		};
		await until(isReady, () => `n8n:\n${this.logs}`, 300);
	}

	/** Plain HTTP to this n8n, e.g. to one of its webhooks. */
	async request(path: string, init: RequestInit = {}): Promise<Response> {
		return await fetch(new URL(path, this.url), { ...init, dispatcher: this.agent }).catch((error: Error) => {
			const state = this.isRunning ? 'runs' : 'has ended';
			throw new Error(`${path}: ${String(error.cause ?? error)}; n8n ${state}:\n${this.logs.slice(-5_000)}`);
		});
	}

	/** A call as the editor makes it. The answer is what stands in `data`. */
	async rest<T = IDataObject>(method: string, path: string, body?: unknown): Promise<T> {
		const response = await this.request(`/rest/${path}`, {
			method,
			headers: {
				// n8n binds the session to it.
				'browser-id': 'seedream-driver',
				'content-type': 'application/json',
				...(this.cookie && { cookie: this.cookie }),
			},
			body: body === undefined ? undefined : JSON.stringify(body),
		});
		const text = await response.text();
		if (!response.ok) throw new RestError(response.status, text, `${method} /rest/${path}`);
		const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0]);
		if (cookies.some((cookie) => cookie.startsWith('n8n-auth='))) this.cookie = cookies.join('; ');
		return (JSON.parse(text) as { data: T }).data;
	}

	private async login(): Promise<void> {
		const hasOwner = async () => {
			try {
				await this.rest('POST', 'owner/setup', OWNER);
				return true;
			} catch (error) {
				const statusCode = error instanceof RestError ? error.statusCode : undefined;
				// 1.x calls itself ready before its routes and its database are there, or before it listens.
				if (this.isRunning && [404, 503, undefined].includes(statusCode)) return false;
				// An instance that was started before has its owner already.
				if (statusCode === 400) return true;
				throw error;
			}
		};
		await until(hasOwner, () => `n8n’s owner:\n${this.logs}`);
		await this.rest('POST', 'login', { emailOrLdapLoginId: OWNER.email, password: OWNER.password });
	}

	/** Stores a credential; n8n gives it an id of its own. */
	async createCredential(credential: Omit<CredentialExport, 'id'>): Promise<{ id: string; name: string }> {
		const { name, type, data } = credential;
		const { id } = await this.rest<{ id: string }>('POST', 'credentials', { name, type, data });
		return { id, name };
	}

	/** Presses the credential screen's test button. */
	async testCredential(credential: CredentialExport): Promise<{ status: 'OK' | 'Error'; message: string }> {
		return await this.rest('POST', 'credentials/test', { credentials: credential });
	}

	/** What a list of the panel offers, as the editor asks for it. @param methodName of the node's `loadOptions` */
	async panelOptions(
		node: NodeExport,
		parameter: string,
		methodName: string,
	): Promise<INodePropertyOptions[]> {
		const { type: name, typeVersion: version, parameters, credentials } = node;
		return await this.rest('POST', 'dynamic-node-parameters/options', {
			nodeTypeAndVersion: { name, version },
			path: `parameters.${parameter}`,
			methodName,
			currentNodeParameters: parameters,
			credentials,
		});
	}

	/** Stores a workflow; n8n gives it an id of its own. */
	async createWorkflow(workflow: Omit<WorkflowExport, 'id'>): Promise<StoredWorkflow> {
		return await this.rest<StoredWorkflow>('POST', 'workflows', completeWorkflow(workflow));
	}

	async getWorkflow(id: string): Promise<StoredWorkflow> {
		return await this.rest<StoredWorkflow>('GET', `workflows/${id}`);
	}

	/** Switches a workflow on and waits until its webhook or form answers. */
	async activate(workflowId: string): Promise<void> {
		const { versionId, nodes } = await this.getWorkflow(workflowId);
		if (this.instance.n8n.line === '1.x') {
			await this.rest('PATCH', `workflows/${workflowId}`, { active: true, versionId });
		} else {
			await this.rest('POST', `workflows/${workflowId}/activate`, { versionId });
		}
		for (const node of nodes) {
			const path = webhookPath(node);
			if (path) await this.waitForWebhook(path);
		}
	}

	async deactivate(workflowId: string): Promise<void> {
		if (this.instance.n8n.line === '1.x') {
			const { versionId } = await this.getWorkflow(workflowId);
			await this.rest('PATCH', `workflows/${workflowId}`, { active: false, versionId });
		} else {
			await this.rest('POST', `workflows/${workflowId}/deactivate`, {});
		}
	}

	/** 2.x registers webhooks after it has answered. A preflight tells without running the workflow. */
	private async waitForWebhook(path: string): Promise<void> {
		const isThere = async () => {
			const response = await this.request(path, {
				method: 'OPTIONS',
				headers: { origin: this.url, 'access-control-request-method': 'POST' },
			});
			await response.body?.cancel();
			return response.headers.get('access-control-allow-methods')?.includes(',') ?? false;
		};
		await until(isThere, () => `a webhook at ${path}:\n${this.logs}`);
	}

	/** Presses “Execute workflow” and returns the execution's id at once. */
	async runManually(workflowId: string): Promise<string> {
		const workflowData = await this.getWorkflow(workflowId);
		const trigger = workflowData.nodes.find((node) => /trigger$/i.test(node.type));
		const triggerToStartFrom = trigger && { name: trigger.name };
		const { executionId } = await this.rest<{ executionId: string }>('POST', `workflows/${workflowId}/run`, {
			workflowData,
			triggerToStartFrom,
			...(this.instance.n8n.line === '1.x' && { startNodes: [], runData: undefined }),
		});
		return executionId;
	}

	/** Executions of a workflow, newest first. */
	async listExecutions(workflowId: string): Promise<StoredExecution[]> {
		// Without a status, n8n joins two lists, and one that ends meanwhile is in both or in neither.
		const filter = encodeURIComponent(JSON.stringify({ workflowId, status: STATUSES }));
		const { results } = await this.rest<{ results: StoredExecution[] }>(
			'GET',
			`executions?filter=${filter}&limit=100`,
		);
		return results;
	}

	async getExecution(id: string): Promise<Execution> {
		const { status, data } = await this.rest<StoredExecution & { data?: string }>('GET', `executions/${id}`);
		return new Execution(id, status, data ? (parse(data) as IRunExecutionData) : undefined);
	}

	/** Waits until an execution is over (or, if told so, waiting). */
	async waitForExecution(
		id: string,
		options: { timeoutSeconds?: number; until?: ExecutionStatus[] } = {},
	): Promise<Execution> {
		const { timeoutSeconds = 120, until: statuses = OVER } = options;
		let latest: Execution | undefined;
		const what = () => `execution ${id}, still “${latest?.status}”:\n${this.logs}`;
		return await waitFor(what, timeoutSeconds, async () => {
			latest = await this.getExecution(id);
			// Once more: n8n 1.x writes the status before the data.
			return statuses.includes(latest.status) ? await this.getExecution(id) : undefined;
		});
	}

	/** Waits for an execution of a workflow that a webhook, form or schedule has started. */
	async waitForNewExecution(
		workflowId: string,
		known: StoredExecution[] = [],
		options: Parameters<Server['waitForExecution']>[1] = {},
	): Promise<Execution> {
		const { id } = await waitFor(
			() => `an execution of workflow ${workflowId}:\n${this.logs}`,
			options.timeoutSeconds ?? 120,
			async () => {
				const executions = await this.listExecutions(workflowId);
				return executions.filter((one) => !known.some((other) => other.id === one.id)).at(-1);
			},
		);
		return await this.waitForExecution(id, options);
	}

	/** Presses the stop button of a running execution. */
	async stopExecution(id: string): Promise<void> {
		await this.rest('POST', `executions/${id}/stop`, {});
	}

	/** Presses “Retry” on a failed execution: a new execution, begun at the node that failed. */
	async retryExecution(
		id: string,
		options: { withSavedWorkflow?: boolean; timeoutSeconds?: number } = {},
	): Promise<Execution> {
		const retried = await this.rest<StoredExecution>('POST', `executions/${id}/retry`, {
			loadWorkflow: options.withSavedWorkflow ?? false,
		});
		return await this.waitForExecution(retried.id, options);
	}

	/** The bytes of a binary as the editor shows them, wherever n8n keeps them. */
	async readBinary(binary: IBinaryData | undefined): Promise<Buffer> {
		if (!binary) throw new Error('There is no binary data.');
		// 1.x keeps it in the execution.
		if (!binary.id) return Buffer.from(binary.data, 'base64');
		const response = await this.request(
			`/rest/binary-data?action=download&id=${encodeURIComponent(binary.id)}`,
			{
				headers: { cookie: this.cookie, 'browser-id': 'seedream-driver' },
			},
		);
		const bytes = Buffer.from(await response.arrayBuffer());
		if (!response.ok) throw new RestError(response.status, bytes.toString('utf8'), `Reading ${binary.id}`);
		return bytes;
	}

	/** Names of the node types that this n8n has loaded, e.g. `n8n-nodes-seedream.seedreamEdit`. */
	async nodeTypes(): Promise<string[]> {
		return (await this.nodeDescriptions()).map(({ name }) => name);
	}

	/** A node type as the editor gets it: its panel and all. */
	async nodeDescription(name: string): Promise<INodeTypeDescription> {
		const description = (await this.nodeDescriptions()).find((one) => one.name === name);
		if (!description) throw new Error(`n8n knows no node ${name}.`);
		return description;
	}

	private async nodeDescriptions(): Promise<INodeTypeDescription[]> {
		return await waitFor('n8n’s node types', 60, async () => {
			const response = await this.request('/types/nodes.json', {
				headers: { cookie: this.cookie, 'browser-id': 'seedream-driver' },
			});
			const text = await response.text();
			// Until n8n has written the file, it answers with the editor's page.
			return text.startsWith('<') ? undefined : (JSON.parse(text) as INodeTypeDescription[]);
		});
	}

	/** Waits until n8n ends by itself. */
	async ended(): Promise<void> {
		if (this.isRunning) await once(this.child, 'exit');
	}

	override async stop(graceSeconds?: number): Promise<number | null> {
		const exitCode = await super.stop(graceSeconds);
		await this.agent.destroy();
		return exitCode;
	}

	/** Ends n8n as a crash would, in the middle of what it does. */
	override async kill(): Promise<void> {
		await super.kill();
		await this.agent.destroy();
	}
}

function webhookPath(node: INode): string | undefined {
	const path = typeof node.parameters.path === 'string' ? node.parameters.path : node.webhookId;
	switch (node.type) {
		case 'n8n-nodes-base.webhook':
			return `/webhook/${path}`;
		case 'n8n-nodes-base.formTrigger': {
			const options = node.parameters.options as { path?: string } | undefined;
			return `/form/${options?.path ?? path}`;
		}
		case 'n8n-nodes-seedream.atlasCloudTrigger':
			return triggerPath(node);
		case '@n8n/n8n-nodes-langchain.chatTrigger':
			return node.parameters.public === true ? chatPath(node) : undefined;
		case '@n8n/n8n-nodes-langchain.mcpTrigger':
			return `/mcp/${path}`;
		default:
			return undefined;
	}
}

/** Where an Atlas Cloud Trigger is called. */
export function triggerPath(node: Pick<INode, 'webhookId'>): string {
	return `/webhook/${node.webhookId}/webhook`;
}

/** Where a Chat Trigger takes messages. */
export function chatPath(node: INode): string {
	return `/webhook/${node.webhookId}/chat`;
}
