import type { IBinaryData } from 'n8n-workflow';
import { outputItems, simplified, type DownloadTools } from '../../nodes/AtlasCloud/items/outputItems';
import { MODEL_STYLE } from '../../nodes/AtlasCloud/panel/style';

it('ends only after all downloads have ended, even if one of them fails at once', async () => {
	const events: string[] = [];
	let finishSecond: (file: IBinaryData) => void = () => {};
	const second = new Promise<IBinaryData>((resolve) => (finishSecond = resolve));
	const fetch = jest.fn().mockRejectedValueOnce(new Error('not found')).mockReturnValueOnce(second);
	const run = { downloads: { fetch } } as unknown as DownloadTools;
	const prediction = { predictionId: 'p', outputs: [{ url: 'a' }, { url: 'b' }], nsfw: [] };
	const ended = outputItems(run, prediction as never, {} as never, {
		itemIndex: 0,
		style: MODEL_STYLE,
		keepsInputImage: false,
		downloadsFiles: true,
		outputDataFieldName: 'data',
		baseName: 'file',
		maxDownloadBytes: 1,
	}).catch(({ message }: Error) => events.push(message));
	await new Promise(setImmediate);
	expect(fetch).toHaveBeenCalledTimes(2);
	events.push('second file');
	finishSecond({ data: '', mimeType: 'image/png' });
	await ended;
	expect(events).toEqual(['second file', 'not found']);
});

it.each(['text', 'failureReason'])('Simplify keeps %s where there is one', (name) => {
	const of = (value: string | null) => simplified({ raw: {}, [name]: value, status: 'x' }, ['status']);
	expect(of('said')).toEqual({ status: 'x', [name]: 'said' });
	expect(of(null)).toEqual({ status: 'x' });
});
