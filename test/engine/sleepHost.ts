import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WebhookContext } from 'n8n-core';
import type { INodeExecutionData, IRunExecutionData } from 'n8n-workflow';
import { SeedreamEdit } from '../../nodes/AtlasCloud/SeedreamEdit/SeedreamEdit.node';
import { runSeedream, type SeedreamOptions, type SeedreamResult } from './seedream';
import { contextOf } from './triggerHost';

type Status = 'running' | 'waiting' | 'over';

/**
 * An execution that may sleep, as n8n 1.123 and 2.41 store and resume it (`WaitingWebhooks` and `executeWebhook` in
 * `packages/cli/src/webhooks`): its data goes through the database, a call that comes while it does not sleep is answered
 * 409, and a call does not hinder another that comes at the same moment.
 */
export class SleepHost {
	status: Status = 'running';

	/** Calls are answered 409, as if it did not sleep yet. */
	isDeaf = false;

	/** n8n cannot resume the execution so many times. */
	resumeFailures = 0;

	/** What n8n's database has. */
	stored = '';

	/** The run until it fell asleep, and each one after it was woken up. */
	readonly runs: SeedreamResult[] = [];

	/** Statuses of the answers, in order. */
	readonly statuses: number[] = [];

	/** Changes the context of a call, as another n8n might. */
	onContext: (context: WebhookContext) => void = () => {};

	private readonly server = createServer((request, response) => {
		response.once('finish', () => this.statuses.push(response.statusCode));
		void this.answer(request, response);
	});

	constructor(private readonly options: SeedreamOptions) {}

	async listen(): Promise<this> {
		await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
		return this;
	}

	get url(): string {
		return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
	}

	/** Where the execution is resumed, by nodes whose webhook has no path of its own. */
	get resumeUrl(): string {
		return `${this.url}/webhook-waiting/1`;
	}

	get last(): SeedreamResult {
		return this.runs[this.runs.length - 1];
	}

	/** Runs the node until it sleeps or ends. */
	async run(changes: Partial<SeedreamOptions> = {}): Promise<SeedreamResult> {
		const webhookWaitingBaseUrl = `${this.url}/webhook-waiting`;
		const result = await runSeedream({ ...this.options, mode: 'webhook', ...changes, webhookWaitingBaseUrl });
		this.runs.push(result);
		this.stored = JSON.stringify(result.run.data);
		this.status = result.run.waitTill ? 'waiting' : 'over';
		return result;
	}

	/** Goes on with the stored execution, as n8n's timer would: nobody called. */
	async runOn(): Promise<SeedreamResult> {
		return await this.run({ runExecutionData: this.load() });
	}

	private load(): IRunExecutionData {
		return JSON.parse(this.stored) as IRunExecutionData;
	}

	private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
		if (this.status !== 'waiting' || this.isDeaf) {
			response.writeHead(409).end();
			return;
		}
		const node = this.options.node ?? new SeedreamEdit();
		const [suffix = ''] = new URL(request.url!, this.url).pathname.split('/').slice(3);
		if (!node.description.webhooks?.some(({ path, restartWebhook }) => restartWebhook && path === suffix)) {
			response.writeHead(404).end();
			return;
		}
		const data = this.load();
		const entry = data.executionData!.nodeExecutionStack[0];
		entry.node.disabled = true;
		delete data.waitTill;
		data.resultData.runData.Node.pop();
		const { workflow } = this.runs[0];
		const context = await contextOf(workflow, this.options.sandbox, request, response, 'Node', data);
		this.onContext(context);
		const result = await node.webhook!.call(context);
		const send = () => {
			if (!result.noWebhookResponse)
				response.writeHead(200).end(JSON.stringify(result.webhookResponse ?? {}));
		};
		if (!result.workflowData) return send();
		if (this.resumeFailures-- > 0) {
			if (!response.destroyed) response.writeHead(500).end();
			return;
		}
		this.status = 'running';
		entry.data.main = result.workflowData as INodeExecutionData[][];
		entry.metadata = { ...entry.metadata, forwardAllOutputs: true } as typeof entry.metadata;
		send();
		await this.run({ runExecutionData: JSON.parse(JSON.stringify(data)) as IRunExecutionData });
	}

	async close(): Promise<void> {
		this.server.closeAllConnections();
		await new Promise((resolve) => this.server.close(resolve));
	}
}
