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

const hostOf = (url: string) => new URL(url).hostname;
const BASE = 'https://api.atlascloud.ai';
const LOCAL = 'http://127.0.0.1:8080';

describe('a host', () => {
	it.each([
		'http://localhost',
		'http://LOCALHOST.',
		'http://api.localhost',
		'http://127.0.0.1',
		'http://127.255.1.2',
		'http://0x7f.1',
		'http://2130706433',
		'http://0177.0.0.1',
		'http://[::1]',
		'http://[::ffff:127.0.0.1]',
		'http://[::ffff:7f00:1]',
	])('%s is this machine', (url) => {
		expect(isLoopbackHost(hostOf(url))).toBe(true);
		expect(isPrivateHost(hostOf(url))).toBe(true);
	});

	it.each([
		'http://0.0.0.0',
		'http://10.1.2.3',
		'http://172.16.0.1',
		'http://172.31.255.255',
		'http://192.168.1.1',
		'http://192.0.0.192',
		'http://169.254.169.254',
		'http://100.100.100.200',
		'http://198.18.0.1',
		'http://224.0.0.1',
		'http://255.255.255.255',
		'http://[fd00:ec2::254]',
		'http://[fe80::1]',
		'http://[fc00::1]',
		'http://[ff02::1]',
		'http://[::]',
		'http://[::ffff:10.0.0.1]',
		'http://[64:ff9b::a9fe:a9fe]',
		'http://[64:ff9b::808:808]', // NAT64, also of a public address
		'http://[64:ff9b::7f00:1]',
		'http://[64:ff9b:1::808:808]',
		'http://[64:ff9b:1:a00::1]',
		'http://[2002:808:808::1]', // 6to4
		'http://[2002:a00:1::1]',
		'http://[2001::1]', // Teredo
		'http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]',
		'http://[fec0::1]',
		'http://[feff::1]',
		'http://[::808:808]',
		'http://[::ffff:0:808:808]',
		'http://[::ffff:0:127.0.0.1]',
		'http://[100::1]',
		'http://[2001:db8::1]',
		'http://[2001:2::1]',
		'http://[3fff:fff::1]',
		'http://[2606:4700::5efe:a00:1]', // ISATAP
		'http://[2606:4700:0:0:200:5efe:808:808]',
		'http://192.0.2.1',
		'http://198.51.100.1',
		'http://203.0.113.255',
		'http://192.88.99.1',
		'http://intranet',
		'http://metadata.google.internal',
		'http://printer.local',
		'http://router.lan.',
		'http://nas.home.arpa',
	])('%s is private', (url) => {
		expect(isPrivateHost(hostOf(url))).toBe(true);
		expect(isLoopbackHost(hostOf(url))).toBe(false);
	});

	it.each([
		'http://example.com',
		'http://8.8.8.8',
		'http://172.15.0.1',
		'http://172.32.0.1',
		'http://100.63.0.1',
		'http://100.128.0.1',
		'http://192.169.0.1',
		'http://[2606:4700::1111]',
		'http://[2a00:1450:4001:82a::200e]',
		'http://[2001:4860:4860::8888]',
		'http://[2001:200::1]',
		'http://[2606:4700:1:2:3:4:5:6]',
		'http://[3fff:1000::1]',
		'http://[::ffff:8.8.8.8]',
		'http://192.0.78.1',
		'http://198.51.101.1',
		'http://203.0.114.1',
		'http://localhost.example.com',
		'http://127.0.0.1.example.com',
		'http://local.example.org',
	])('%s is public', (url) => {
		expect(isPrivateHost(hostOf(url))).toBe(false);
		expect(isLoopbackHost(hostOf(url))).toBe(false);
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
