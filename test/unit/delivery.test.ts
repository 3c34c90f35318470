import { AtlasCloudTrigger } from '../../nodes/AtlasCloud/AtlasCloudTrigger/AtlasCloudTrigger.node';
import {
	checkWebhookUrl,
	deliveredPredictionId,
	HandledPredictions,
} from '../../nodes/AtlasCloud/api/webhooks/delivery';

const handling = (result = 'done') => jest.fn(async () => result);
const tick = async () => await new Promise(setImmediate);
const started = async () => true;
const notStarted = async () => false;

it('handles each prediction once', async () => {
	const handled = new HandledPredictions();
	const handle = handling();
	expect(await handled.once('a', handle, started)).toBe('done');
	expect(await handled.once('a', handle, started)).toBeNull();
	expect(await handled.once('b', handle, started)).toBe('done');
	expect(handle).toHaveBeenCalledTimes(2);
});

it('handles a prediction again if it failed the first time', async () => {
	const handled = new HandledPredictions();
	const failing = async () => await Promise.reject(new Error('down'));
	const first = handled.once('a', failing, started);
	const second = handled.once('a', handling(), started);
	await expect(first).rejects.toThrow('down');
	await expect(second).rejects.toThrow('Another delivery of the same event couldn’t be handled');
	expect(await handled.once('a', handling(), started)).toBe('done');
});

it('remembers what was handled before a restart, and the newest of it', async () => {
	const handled = new HandledPredictions();
	handled.restore(['a', 'b']);
	await handled.once('c', handling(), started);
	expect(await handled.once('a', handling(), started)).toBeNull();
	expect(handled.newest(2)).toEqual(['b', 'c']);
});

it('handles again what was forgotten, although another call stored it meanwhile', async () => {
	const handled = new HandledPredictions();
	const first = handled.once('a', handling(), notStarted);
	const second = handled.once('a', handling(), started);
	await first;
	const stored = handled.newest(1);
	await expect(second).rejects.toThrow('Another delivery of the same event couldn’t be handled');
	handled.restore(stored);
	expect(await handled.once('a', handling(), started)).toBe('done');
	expect(await handled.once('a', handling(), started)).toBeNull();
});

it('forgets the oldest of more than ten thousand', async () => {
	const handled = new HandledPredictions();
	handled.restore(Array.from({ length: 10_001 }, (_, i) => `p${i}`));
	expect(await handled.once('p1', handling(), started)).toBeNull();
	expect(await handled.once('p0', handling(), started)).toBe('done');
});

it('takes the word of another process again for what was forgotten, and then handled here', async () => {
	const handled = new HandledPredictions();
	await handled.once('a', handling(), notStarted);
	await tick();
	expect(await handled.once('a', handling(), started)).toBe('done');
	await tick();
	handled.restore(Array.from({ length: 10_000 }, (_, i) => `p${i}`));
	handled.restore(['a']);
	expect(await handled.once('a', handling(), started)).toBeNull();
});

it.each([
	['{"session_id":"p1","payload":{"id":"p2"}}', 'p1'],
	['{"payload":{"id":"p2"}}', 'p2'],
	['{"session_id":"../models"}', null],
	['{"session_id":7}', null],
	['\ufeff{"session_id":"abc"}', 'abc'],
	['[]', null],
	['not json', null],
])('reads which prediction %s is about', (body, id) => {
	expect(deliveredPredictionId(Buffer.from(body))).toBe(id);
});

const ATLAS = 'https://api.atlascloud.ai';
const SANDBOX = 'http://127.0.0.1:8787';

it('a webhook URL may be a public https address', () => {
	expect(checkWebhookUrl(' https://n8n.example.com/webhook/a/webhook ', ATLAS)).toBe(
		'https://n8n.example.com/webhook/a/webhook',
	);
});

it.each([
	['http://n8n.example.com/webhook/a', 'is not an https address'],
	['https://localhost:5678/webhook/a', 'points to this machine'],
	['https://192.168.1.5/webhook/a', 'points to a private network'],
	['https://n8n.local/webhook/a', 'points to a private network'],
	['https://n8n/webhook/a', 'points to a private network'],
	[`https://n8n.example.com/${'a'.repeat(1_024)}`, 'is longer than 1024 characters'],
	['https://n8n.example.com/webhook-test/a', 'is a test URL: n8n listens there only while you test'],
	['n8n.example.com', 'is not a valid URL'],
	[42, 'is not a valid URL'],
])('a webhook URL is refused: %s %s', (url, objection) => {
	expect(() => checkWebhookUrl(url, ATLAS)).toThrow(`'Webhook URL' ${objection}`);
});

it.each(['http://localhost:5678/webhook/a', 'http://127.0.0.1:5678/webhook/a', 'https://[::1]/webhook/a'])(
	'a webhook URL may be %s if the Base URL is this machine, too',
	(url) => expect(checkWebhookUrl(url, SANDBOX)).toBe(url),
);

it('a webhook URL may not be http or private even if the Base URL is this machine', () => {
	expect(() => checkWebhookUrl('http://n8n.example.com/a', SANDBOX)).toThrow('https');
	expect(() => checkWebhookUrl('http://10.0.0.1/a', SANDBOX)).toThrow('private network');
});

it('the trigger says what its webhook URL is, and where to find it', () => {
	const { properties, activationMessage, eventTriggerDescription } = new AtlasCloudTrigger().description;
	expect(properties[0].displayName).toMatch(/Webhook URLs.* above.*Production URL.*copy it/);
	expect(activationMessage).toContain('Production URL');
	expect(eventTriggerDescription).toMatch(/^Publish/);
});
