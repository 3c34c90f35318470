import type { FaultAction } from '../../../sandbox';
import { pictureOf, predictionOf, sha256 } from '../seedream';
import { atlas, chargedIds, edit, fails, ledger, sandbox, useSandbox } from './account';

useSandbox();

describe('a download', () => {
	it.each<[string, FaultAction]>([
		['breaks off', { type: 'truncate' }],
		['returns something else', { type: 'corruptPicture' }],
		['returns an image that never ends', { type: 'hugeBody', bytes: 300_000 }],
	])('is retried from the start when it %s', async (_name, action) => {
		fails('file', action, 2);
		const result = await edit();
		expect(sha256(await pictureOf(result.out[0]))).toBe(
			predictionOf(sandbox, result.json[0]).outputSha256[0],
		);
		expect(ledger.count('file')).toBe(3);
	});

	it('is stopped once it exceeds Max Download Size, and not retried', async () => {
		fails('file', { type: 'hugeBody', bytes: 40_000_000 });
		const { error } = await edit({ parameters: { options: { maxDownloadMb: 1 } } });
		expect(error?.message).toContain('it is larger than 1 MB');
		expect(error?.message).toContain(chargedIds()[0]);
		expect(ledger.count('file')).toBe(1);
	});

	it('is refused if its announced length exceeds Max Download Size', async () => {
		await atlas({ preparedPictureBytes: 2_000_000 });
		const { error } = await edit({ parameters: { options: { maxDownloadMb: 1 } } });
		expect(error?.message).toContain('it is larger than 1 MB');
		expect(ledger.count('file')).toBe(1);
	});

	it.each(['http://169.254.169.254/latest', 'javascript:alert(1)', 'file:///etc/passwd'])(
		'is not made, and the link is not returned, if it leads to %s',
		async (link) => {
			for (const downloadImages of [true, false]) {
				fails('submit', { type: 'patchResult', patch: { outputs: [link] } });
				const { error } = await edit({ parameters: { options: { downloadImages } } });
				expect(error?.message).toMatch(
					/^The prediction is finished and billed, but its file.*was blocked because/,
				);
				expect(error?.message).toContain(chargedIds().at(-1));
				const parameters = { resource: 'prediction', operation: 'getAll', limit: 1 };
				const [listed] = (await edit({ parameters })).json;
				expect(listed).toMatchObject({ predictionId: chargedIds().at(-1), imageUrl: null });
			}
			expect(ledger.count('file')).toBe(0);
		},
	);

	it('of an expired link reports the ID and how to get the image again', async () => {
		fails('file', { type: 'status', status: 404 }, Infinity);
		const { error } = await edit();
		expect(error?.message).toMatch(/the link has expired/);
		expect(error?.message).toContain(chargedIds()[0]);
		expect(error?.description).toContain('Prediction > Get');
	});
});
