import { createHmac, generateKeyPairSync, sign, type JsonWebKey } from 'node:crypto';
import { request } from 'undici';
import type { LedgerBook } from './ledger';
import { findModel } from './models';
import { randomId } from './random';
import type { Task } from './task';
import type { LedgerWebhook, SandboxClock, SandboxWebhooks, SignedWebhook } from './types';
import { isLoopback } from './hosts';

const DELIVERY_MS = 10_000;
const REDELIVER_AFTER_SECONDS = [1, 5, 30];

/** The same for all sandboxes of a process: whoever has read them keeps them for a while. */
const KEYS = generateKeyPairSync('ed25519');
const KEY_ID = `wk_${randomId(16)}`;

interface Surroundings {
	clock: SandboxClock;
	ledger: LedgerBook;
	skewMs: () => number;
	options: { webhooks?: SandboxWebhooks };
	/** `{data}` of the prediction. */
	payloadOf: (task: Task) => Promise<Record<string, unknown>>;
}

/** Calls a task's `webhook_url` when it ends (see docs/atlas-cloud-api.md, Webhook). Reaches this machine only. */
export class WebhookSender {
	private readonly hmacSecret = randomId();
	private closed = false;

	constructor(private readonly around: Surroundings) {}

	/** The public keys, as `GET /api/v1/webhooks/jwks.json` lists them. */
	jwks(): { keys: JsonWebKey[] } {
		const key = KEYS.publicKey.export({ format: 'jwk' });
		return { keys: [{ ...key, kid: KEY_ID, use: 'sig', alg: 'EdDSA' }] };
	}

	/** Delivers until it is answered 2xx, or until no more deliveries are left. Never rejects. */
	async deliver(task: Task): Promise<void> {
		const url = task.webhookUrl;
		if (url === null || !isLoopback(new URL(url).hostname)) return;
		await this.deliverTo(url, task).catch(() => undefined);
	}

	/** A body with the headers of a delivery. The timestamp counts in seconds; the default is now. */
	sign(body: string, given: { timestampSeconds?: number; webhookId?: string } = {}): SignedWebhook {
		const { clock, skewMs } = this.around;
		const { webhookId = `wh_${randomId(16)}` } = given;
		const { timestampSeconds = Math.floor((clock.nowMs() + skewMs()) / 1000) } = given;
		const signed = Buffer.from(`${timestampSeconds}.${body}`);
		const eventType = (JSON.parse(body) as { event_type?: string }).event_type ?? '';
		return {
			body,
			headers: {
				'content-type': 'application/json',
				'x-atlascloud-webhook-id': webhookId,
				'x-atlascloud-webhook-event': eventType,
				'x-atlascloud-webhook-timestamp': String(timestampSeconds),
				'x-atlascloud-webhook-key-id': KEY_ID,
				'x-atlascloud-webhook-signature': createHmac('sha256', this.hmacSecret).update(signed).digest('hex'),
				'x-atlascloud-webhook-signature-ed25519': sign(null, signed, KEYS.privateKey).toString('base64url'),
			},
		};
	}

	close(): void {
		this.closed = true;
	}

	private async deliverTo(url: string, task: Task): Promise<void> {
		const body = JSON.stringify(await this.bodyOf(task));
		const webhookId = `wh_${randomId(16)}`;
		const waits = this.around.options.webhooks?.redeliverAfterSeconds ?? REDELIVER_AFTER_SECONDS;
		for (const waitSeconds of [0, ...waits]) {
			await this.around.clock.sleepMs(waitSeconds * 1000);
			if (this.closed) return;
			const { headers } = this.sign(body, { webhookId });
			const { status, answer } = await this.post(url, body, headers);
			const { ledger, clock } = this.around;
			ledger.webhooks.push({ predictionId: task.record.id, url, status, answer, atMs: clock.nowMs() });
			if (status !== null && status >= 200 && status < 300) return;
		}
	}

	private async bodyOf(task: Task): Promise<Record<string, unknown>> {
		const type = findModel(task.record.model)?.type ?? 'Image';
		return {
			session_id: task.record.id,
			event_type: `${type.toLowerCase()}.task.terminal`,
			status: task.failure ? 'ERROR' : 'OK',
			payload: await this.around.payloadOf(task),
			error: task.failure?.reason ?? null,
		};
	}

	/** What the answer is; null where there is none. */
	private async post(
		url: string,
		body: string,
		headers: Record<string, string>,
	): Promise<Pick<LedgerWebhook, 'status' | 'answer'>> {
		try {
			const signal = AbortSignal.timeout(DELIVERY_MS);
			const { statusCode, body: text } = await request(url, { method: 'POST', headers, body, signal });
			return { status: statusCode, answer: await text.text() };
		} catch {
			return { status: null, answer: null };
		}
	}
}
