import { isValidUrl } from '../../nodes/AtlasCloud/api/text';
import { Workflow, type INode, type INodeTypes } from 'n8n-workflow';
import { AtlasCloudSeedreamApi } from '../../credentials/AtlasCloudSeedreamApi.credentials';
import {
	checkBaseUrl,
	isLoopbackHost,
	isPrivateHost,
	whyNotFetchable,
} from '../../nodes/AtlasCloud/api/http/addresses';
import { openPublicFile } from '../../nodes/AtlasCloud/api/http/publicFile';
import { FakeHttp } from './fakeHttp';

/** As a URL has it. */
const hostOf = (host: string) => new URL(`http://${host}`).hostname;
const hosts = (text: string) => text.trim().split(/\s+/);
const BASE = 'https://api.atlascloud.ai';
const LOCAL = 'http://127.0.0.1:8080';

describe('a host', () => {
	it.each(
		hosts(`
			localhost LOCALHOST. api.localhost 127.0.0.1 127.255.1.2 0x7f.1 2130706433 0177.0.0.1 [::1]
			[::ffff:127.0.0.1] [::ffff:7f00:1]
		`),
	)('%s is this machine', (host) => {
		expect(isLoopbackHost(hostOf(host))).toBe(true);
		expect(isPrivateHost(hostOf(host))).toBe(true);
	});

	it.each(
		hosts(`
			0.0.0.0 10.1.2.3 172.16.0.1 192.168.1.1 192.0.0.192 169.254.169.254 100.100.100.200
			198.18.0.1 224.0.0.1 [fd00:ec2::254] [fe80::1] [ff02::1] [::] [::ffff:10.0.0.1]
			[64:ff9b::a9fe:a9fe] [64:ff9b::808:808] [64:ff9b:1::808:808] [2002:808:808::1] [2001::1]
			[fec0::1] [::808:808] [::ffff:0:808:808] [100::1] [2001:db8::1] [2001:2::1] [3fff:fff::1]
			[2606:4700::5efe:a00:1] 192.0.2.1 192.88.99.1 intranet metadata.google.internal
			printer.local router.lan. nas.home.arpa
		`),
	)('%s is private', (host) => {
		expect(isPrivateHost(hostOf(host))).toBe(true);
		expect(isLoopbackHost(hostOf(host))).toBe(false);
	});

	it.each(
		hosts(`
			example.com 8.8.8.8 172.15.0.1 172.32.0.1 100.63.0.1 100.128.0.1 192.169.0.1
			[2606:4700::1111] [2a00:1450:4001:82a::200e] [2001:4860:4860::8888] [2001:200::1]
			[2606:4700:1:2:3:4:5:6] [3fff:1000::1] [::ffff:8.8.8.8] 192.0.78.1 198.51.101.1 203.0.114.1
			localhost.example.com 127.0.0.1.example.com local.example.org
		`),
	)('%s is public', (host) => {
		expect(isPrivateHost(hostOf(host))).toBe(false);
		expect(isLoopbackHost(hostOf(host))).toBe(false);
	});
});

/** Where n8n sends the key when it tests a credential; null if nowhere. */
function testedOrigin(baseUrl: string): string | null {
	const node = { id: '1', name: 'a', type: 'a', typeVersion: 1, position: [0, 0], parameters: {} } as INode;
	const nodeTypes = { getByNameAndVersion: () => undefined } as unknown as INodeTypes;
	const workflow = new Workflow({ nodes: [node], connections: {}, active: false, nodeTypes });
	const base = workflow.expression.getParameterValue(
		String(new AtlasCloudSeedreamApi().test.request.baseURL),
		null,
		0,
		0,
		'a',
		[],
		'internal',
		{ $credentials: { baseUrl } },
	) as string;
	if (!isValidUrl(base)) return null;
	const { origin, hostname } = new URL(base);
	return hostname.endsWith('.invalid') ? null : origin;
}

describe('Base URL', () => {
	it.each([
		[BASE, BASE],
		[`${BASE}///`, BASE],
		[' https://proxy.example.com/atlas/ ', 'https://proxy.example.com/atlas'],
		['HTTPS://Api.AtlasCloud.ai:443', 'HTTPS://Api.AtlasCloud.ai:443'],
		['https://münchen.example', 'https://münchen.example'],
		['https://[2606:4700::1111]:8443', 'https://[2606:4700::1111]:8443'],
		['http://localhost:3000', 'http://localhost:3000'],
		['http://127.0.0.1:1/', 'http://127.0.0.1:1'],
		['http://[::1]:9', 'http://[::1]:9'],
	])('"%s" is allowed, and the credential’s test goes to the same host', (given, wanted) => {
		expect(checkBaseUrl(given)).toBe(wanted);
		expect(testedOrigin(given)).toBe(new URL(wanted).origin);
	});

	it.each([
		'',
		'api.atlascloud.ai',
		'http://api.atlascloud.ai',
		'http://192.168.0.2',
		'ftp://127.0.0.1',
		'file:///etc/passwd',
		'https://user:pass@api.atlascloud.ai',
		'https://@api.atlascloud.ai',
		'https://api.atlascloud.ai/?key=1',
		'https://api.atlascloud.ai?',
		'https://api.atlascloud.ai/#x',
		'https://api.atlascloud.ai#',
		'https://api.atlascloud.ai:99999',
		'https:/api.atlascloud.ai',
		'https:\\\\api.atlascloud.ai',
		'https://api.atlascloud.ai\n.example.com',
		'https://api.atlascloud.ai .example.com',
		'http://localhost:x@evil.example',
		'http://127.0.0.1:80@evil.example',
		'http://[::1]:p@evil.example',
		'http://localhost\\@evil.example',
		'http://localhost\t.evil.example',
		'http://127.0.0.1.evil.example',
		'http://127.999.999.999',
		'http://127.1',
	])('"%s" is refused, and the credential’s test sends nothing', (given) => {
		expect(() => checkBaseUrl(given)).toThrow('Base URL');
		expect(testedOrigin(given)).toBeNull();
	});
});

describe('a file', () => {
	it.each([
		[BASE, 'https://static.example.com/a.png', null],
		[BASE, 'http://static.example.com/a.png', 'it isn’t https'],
		[BASE, 'http://127.0.0.1:9/a.png', 'it points to this machine'],
		[BASE, 'https://localhost/a.png', 'it points to this machine'],
		[BASE, 'https://10.0.0.1/a.png', 'it points to a private network'],
		[BASE, 'https://169.254.169.254/latest', 'it points to a private network'],
		[BASE, 'ftp://example.com/a', 'ftp:// URLs aren’t supported'],
		[BASE, 'file:///etc/passwd', 'file:// URLs aren’t supported'],
		[BASE, 'javascript:alert(1)', 'javascript:// URLs aren’t supported'],
		[BASE, 'https://me:secret@example.com/a', 'it contains a user name or password'],
		[BASE, '/relative.png', 'it isn’t a valid URL'],
		[LOCAL, 'http://127.0.0.1:9/a.png', null],
		[LOCAL, 'http://localhost:1234/a.png', null],
		[LOCAL, 'http://192.168.0.2/a.png', 'it points to a private network'],
		[LOCAL, 'http://169.254.169.254/latest', 'it points to a private network'],
		[LOCAL, 'http://example.com/a.png', 'it isn’t https'],
		[LOCAL, 'https://example.com/a.png', null],
	])('of an API at %s may come from %s, or not: %s', (base, url, why) => {
		expect(whyNotFetchable(url, base)).toBe(why);
	});

	const open = async (urls: Record<string, string>, first: string, base = BASE) => {
		const http = new FakeHttp(({ url }) => {
			const location = urls[url];
			return location === undefined
				? { chunks: [Buffer.from('image')] }
				: { statusCode: 302, headers: { location } };
		});
		const response = await openPublicFile(http, first, base, undefined);
		return { http, response };
	};

	it('follows three redirects at most, all without the API key', async () => {
		const chain = {
			'https://a.example.com/1': '/2',
			'https://a.example.com/2': '//b.example.com/3',
			'https://b.example.com/3': 'https://c.example.com/4?x=1',
		};
		const { http, response } = await open(chain, 'https://a.example.com/1');
		expect(response.statusCode).toBe(200);
		expect(http.requests.map(({ url }) => url)).toEqual([
			...Object.keys(chain),
			'https://c.example.com/4?x=1',
		]);
		expect(http.requests.every(({ authenticated }) => !authenticated)).toBe(true);
		await expect(
			open({ ...chain, 'https://c.example.com/4?x=1': '/5' }, 'https://a.example.com/1'),
		).rejects.toThrow('too many redirects');
	});

	it.each([
		'http://169.254.169.254/',
		'https://10.0.0.1/',
		'http://127.0.0.1/',
		'http://plain.example.com/',
		'file:///etc/passwd',
	])('is not followed to %s', async (location) => {
		const requests: string[] = [];
		const http = new FakeHttp(({ url }) => {
			requests.push(url);
			return { statusCode: 302, headers: { location } };
		});
		await expect(openPublicFile(http, 'https://a.example.com/1', BASE, undefined)).rejects.toThrow(
			'was blocked because',
		);
		expect(requests).toEqual(['https://a.example.com/1']);
	});
});

// A pattern that tries each slash anew would take hours here.
it('reads each of many slashes in a Base URL once', () => {
	expect(() => checkBaseUrl(`https://a.example.com/${'/'.repeat(4_000_000)}x`)).not.toThrow();
});
