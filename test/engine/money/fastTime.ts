import type { ICredentialDataDecryptedObject } from 'n8n-workflow';
import type { Http, HttpRequest } from '../../../nodes/AtlasCloud/api/http/http';
import type { RequestContext } from '../../../nodes/AtlasCloud/shared/transport/n8nHttp';
import { idleClock } from '../idleClock';

/*
 * Time for tests of long stories: a minute's search of the history takes less than a second. Node and sandbox share the
 * clock. A test's file puts these in the places of the real ones:
 *
 *     jest.mock('../../nodes/AtlasCloud/shared/transport/n8nClock', () => jest.requireActual('./money/fastTime'));
 *     jest.mock('../../nodes/AtlasCloud/shared/transport/n8nHttp', () => jest.requireActual('./money/fastTime'));
 *     jest.mock('../../nodes/AtlasCloud/api/http/timeouts', () => jest.requireActual('./money/fastTime'));
 */

/** How much faster than the real one the clock runs. */
export const FACTOR = 60;

export const fastClock = idleClock;

export const startClock = () => fastClock;

// Shorter than in truth (all that hangs is waited for several times) and still much longer than any answer takes.
export const READ_TIMEOUT_MS = 40_000;
export const SUBMIT_TIMEOUT_MS = 120_000;
export const UPLOAD_TIMEOUT_MS = 40_000;
export const DOWNLOAD_TIMEOUT_MS = 40_000;

/** By how much axios's time limits are shortened. Where nothing hangs they need not be short. */
export const limits = { factor: FACTOR };

type SendWith = (context: RequestContext, credential?: ICredentialDataDecryptedObject) => Http;

const real = jest.requireActual<{ n8nHttp: SendWith }>('../../../nodes/AtlasCloud/shared/transport/n8nHttp');

/** The real one; axios has no clock to be given, so its time limits are scaled. */
export const n8nHttp: SendWith = (context, credential) => {
	const http = real.n8nHttp(context, credential);
	return {
		send: async (request: HttpRequest) =>
			await http.send({ ...request, timeoutMs: Math.ceil(request.timeoutMs / limits.factor) }),
	};
};
