import { AtlasCloudTrigger } from '../../nodes/AtlasCloud/AtlasCloudTrigger/AtlasCloudTrigger.node';
import { checkWebhookUrl } from '../../nodes/AtlasCloud/api/webhooks/delivery';

const ATLAS = 'https://api.atlascloud.ai';
const SANDBOX = 'http://127.0.0.1:8787';

it('accepts a public https address', () => {
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
])('refuses %s: it %s', (url, objection) => {
	expect(() => checkWebhookUrl(url, ATLAS)).toThrow(`'Webhook URL' ${objection}`);
});

it.each(['http://localhost:5678/webhook/a', 'http://127.0.0.1:5678/webhook/a', 'https://[::1]/webhook/a'])(
	'accepts %s if the Base URL is this machine, too',
	(url) => expect(checkWebhookUrl(url, SANDBOX)).toBe(url),
);

it('refuses http and private addresses even if the Base URL is this machine', () => {
	expect(() => checkWebhookUrl('http://n8n.example.com/a', SANDBOX)).toThrow('https');
	expect(() => checkWebhookUrl('http://10.0.0.1/a', SANDBOX)).toThrow('private network');
});

it('is what the trigger says that it is, and where to find it', () => {
	const { properties, activationMessage, eventTriggerDescription } = new AtlasCloudTrigger().description;
	expect(properties[0].displayName).toMatch(/Webhook URLs.* above.*Production URL.*copy it/);
	expect(activationMessage).toContain('Production URL');
	expect(eventTriggerDescription).toContain('Test URL');
});
