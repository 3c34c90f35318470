import type { InputFile, Uploads } from '../files/uploads';
import { sha256 } from '../hash';
import { canonicalJson } from '../json';
import type { PurchaseInput, PurchaseRequest, TypedRequest } from './purchaseRequest';
import type { IdentifiedInput, RequestShape } from './requestShape';

/** A request that can be compared with earlier ones. */
export interface IdentifiedRequest {
	request: PurchaseRequest;
	/** What it asks for, wherever its inputs are uploaded to. */
	shape: RequestShape;
	/** Hash of the request as the user wrote it: equal ones have the same. */
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
	const { body, typed } = request;
	const inputs = await identifyInputs(request.inputs, uploads);
	if (!typed) return { request, shape: { body, inputs }, fingerprint: fingerprintOf([body, inputs]) };
	const typedInputs = await identifyInputs(typed.inputs, uploads);
	const namedFiles = await Promise.all(typed.namedFiles.map(async (file) => await uploads.contentHash(file)));
	return {
		request,
		shape: { body, inputs, ...alternativesOf(typed, typedInputs) },
		fingerprint: fingerprintOf([typed.body, typedInputs, namedFiles]),
	};
}

async function identifyInputs(inputs: PurchaseInput[], uploads: Uploads): Promise<IdentifiedInput[]> {
	const identify = async (file: InputFile) => ({
		sha256: await uploads.contentHash(file),
		sizeBytes: file.sizeBytes,
	});
	return await Promise.all(
		inputs.map(async ({ path, file, url }) => ({ path, identity: file ? await identify(file) : { url } })),
	);
}

function alternativesOf(
	{ body, isUnreadable }: TypedRequest,
	inputs: IdentifiedInput[],
): Partial<RequestShape> {
	return isUnreadable ? { isUncertain: true } : { asTyped: { body, inputs } };
}

function fingerprintOf(value: unknown): string {
	return sha256(canonicalJson(value));
}
