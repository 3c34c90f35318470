import type { Uploads } from '../files/uploads';
import { sha256 } from '../hash';
import { canonicalJson } from '../json';
import type { PurchaseInput, PurchaseRequest } from './purchaseRequest';
import type { InputIdentity, RequestShape } from './recovery';

/** A request that can be compared with earlier ones. */
export interface IdentifiedRequest {
	request: PurchaseRequest;
	/** What it asks for, wherever its inputs are uploaded to. */
	shape: RequestShape;
	/** Hash of the shape: equal requests have the same. */
	fingerprint: string;
}

/**
 * Reads the input files of a request to know them by their content.
 * @throws what reading a file throws; CancelledError
 */
export async function identifyRequest(
	request: PurchaseRequest,
	uploads: Uploads,
): Promise<IdentifiedRequest> {
	const { body } = request;
	const identify = async ({ file, url }: PurchaseInput): Promise<InputIdentity> =>
		file ? { sha256: await uploads.contentHash(file), sizeBytes: file.sizeBytes } : { url };
	const inputs = await Promise.all(
		request.inputs.map(async (input) => ({ path: input.path, identity: await identify(input) })),
	);
	return { request, shape: { body, inputs }, fingerprint: sha256(canonicalJson([body, inputs])) };
}
