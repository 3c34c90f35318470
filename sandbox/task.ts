import { randomId } from './random';
import type { OutputFile } from './studio';
import type { FailedTaskShape, SandboxPrediction } from './types';

export interface Task {
	/** What the ledger shows of it. */
	record: SandboxPrediction;
	/** The higher one is newer where two tasks have the same time. */
	row: number;
	base64: boolean;
	/** The JSON exactly as sent; large ones are on disk. */
	requestBody: () => Promise<string>;
	/** Once it ended so. */
	failure: { shape: FailedTaskShape; reason: string } | null;
	/** null: not charged. */
	priceUsd: number | null;
	patch: Record<string, unknown> | null;
	/** The outputs that are files, in order. */
	files: OutputFile[];
	/** Output that is text and no file. */
	text: string | null;
	/** Further fields of the finished prediction. */
	details: Record<string, unknown>;
	recordRetentionHours: number;
	webhookUrl: string | null;
}

/** What is known of a task before it starts. */
export interface NewTask {
	model: string;
	prompt: string;
	body: unknown;
	createdAtMs: number;
	/** Somebody else on the account sent it. */
	foreign: boolean;
}

export function newTask(given: NewTask, row: number, requestBody: () => Promise<string>): Task {
	return {
		record: {
			...given,
			id: randomId(),
			status: 'created',
			startedAtMs: null,
			completedAtMs: null,
			predictSeconds: null,
			outputs: [],
			outputSha256: [],
		},
		row,
		base64: false,
		requestBody,
		failure: null,
		priceUsd: null,
		patch: null,
		files: [],
		text: null,
		details: {},
		recordRetentionHours: 336,
		webhookUrl: null,
	};
}

/** As the ledger shows them; none with base64, which has no URLs. */
export function listOutputs({ text, base64, files }: Task): string[] {
	if (text !== null) return [text];
	return base64 ? [] : files.map(({ url }) => url);
}
