import type {
	Charge,
	Endpoint,
	Ledger,
	LedgerRequest,
	LedgerUpload,
	LedgerWebhook,
	SandboxPrediction,
} from './types';

const MAX_BODY_BYTES = 64 * 1024;

/** Everything the sandbox saw and did. */
export class LedgerBook implements Ledger {
	readonly requests: LedgerRequest[] = [];
	readonly charges: Charge[] = [];
	readonly uploads: LedgerUpload[] = [];
	readonly webhooks: LedgerWebhook[] = [];
	readonly predictions = new Map<string, SandboxPrediction>();
	maxRunning = 0;

	count(endpoint: Endpoint): number {
		return this.requests.filter((request) => request.endpoint === endpoint).length;
	}
}

/** A body to keep: as it is when small, with its long strings (data URIs) shortened when over 64 kB. */
export function bodyToKeep(text: string, body: unknown): unknown {
	return text.length <= MAX_BODY_BYTES ? body : shortened(body);
}

function shortened(value: unknown): unknown {
	if (typeof value === 'string' && value.length > 500) return `${value.slice(0, 200)}… (${value.length})`;
	if (Array.isArray(value)) return value.slice(0, 100).map(shortened);
	if (typeof value === 'object' && value !== null) {
		return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, shortened(entry)]));
	}
	return value;
}
