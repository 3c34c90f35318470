import { chargedIds, edit, fails, ledger, useSandbox } from './account';

useSandbox();

describe('a download', () => {
	it('is stopped once it exceeds Max Download Size, and not retried', async () => {
		fails('file', { type: 'hugeBody', bytes: 40_000_000 });
		const { error } = await edit({ parameters: { options: { maxDownloadMb: 1 } } });
		expect(error?.message).toContain('it is larger than 1 MB');
		expect(error?.message).toContain(chargedIds()[0]);
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
});
