import { AtlasError } from '../errors';
import { effectiveStatus, type Exchange } from './answer';
import { TransportError } from './http';
import { DownloadError } from './publicFile';

/** What a request is for. It decides which failed connections are worth another attempt. */
export type Purpose =
	/** A free request to Atlas. */
	| 'read'
	/** A prediction that is paid for, or its output. */
	| 'paidResult'
	/** The header of an input image. */
	| 'inputHeader'
	/** The content of an earlier edit's input. */
	| 'earlierInput';

const IS_FINAL_FAULT: Record<Purpose, (fault: TransportError) => boolean> = {
	read: ({ neverSent }) => neverSent,
	paidResult: () => false,
	// The code is null where n8n itself blocked the request.
	inputHeader: ({ code }) => code === null || code === 'ENOTFOUND' || code === 'ECONNREFUSED',
	earlierInput: ({ code }) => code === 'ENOTFOUND',
};

/** Statuses that stay the same however often a prediction is polled. */
export const FINAL_STATUS_CODES = new Set([401, 402, 403, 451]);

function isRetryableStatus(statusCode: number): boolean {
	return [408, 425, 429].includes(statusCode) || statusCode >= 500;
}

/** Whether another attempt may succeed where this one did not bring what was asked for. */
export function isRetryable(failure: Exchange | Error, purpose: Purpose = 'read'): boolean {
	if (failure instanceof TransportError) return !IS_FINAL_FAULT[purpose](failure);
	if (failure instanceof DownloadError) {
		const { isFinal, statusCode } = failure;
		return !isFinal && (statusCode === null || isRetryableStatus(statusCode));
	}
	if (failure instanceof Error) return !(failure instanceof AtlasError);
	const { answer, fault } = failure;
	if (!answer) return isRetryable(fault, purpose);
	// A paid prediction is not given up because of a code in an answer whose HTTP status says success.
	const status = purpose === 'paidResult' ? answer.statusCode : effectiveStatus(answer);
	// A successful answer without the expected content is broken.
	return status < 300 || isRetryableStatus(status);
}
