import type { Sandbox } from '../../sandbox';
import { BINARY_MODES, fastSandbox, pictureOf, predictionOf, runSeedream, sha256 } from './seedream';

jest.mock('../../nodes/AtlasCloud/SeedreamEdit/transport/n8nClock', () => jest.requireActual('./scaledClock'));

let sandbox: Sandbox;
beforeAll(async () => {
	sandbox = await fastSandbox();
});
afterAll(async () => await sandbox.close());

test.each(BINARY_MODES)('edits a picture (%s)', async (binaryMode) => {
	const { json, out, error } = await runSeedream({ sandbox, binaryMode });
	expect(error).toBeUndefined();
	expect(json).toMatchObject([{ status: 'completed', imageCount: 1, imageIndex: 0 }]);
	expect(out[0].binary?.data.id === undefined).toBe(binaryMode === 'default');
	expect(sha256(await pictureOf(out[0]))).toBe(predictionOf(sandbox, json[0]).outputSha256[0]);
});
