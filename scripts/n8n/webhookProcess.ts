/* A process of n8n's queue mode that takes webhook calls beside main, as behind a load balancer. */
import type { Instance } from './instance';
import { N8nProcess, type Started } from './n8nProcess';
import { freePorts } from './ports';

export class WebhookProcess extends N8nProcess {
	private constructor(
		started: Started,
		/** Where it takes calls. */
		readonly url: string,
	) {
		super(started);
	}

	static async start(instance: Instance, env: NodeJS.ProcessEnv = {}): Promise<WebhookProcess> {
		const [port] = await freePorts(1);
		const started = await this.startCommand(instance, 'webhook', 'Webhook listener waiting for requests', {
			...env,
			N8N_PORT: String(port),
		});
		return new WebhookProcess(started, `http://localhost:${port}`);
	}
}
