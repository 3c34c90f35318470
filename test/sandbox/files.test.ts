import { createHash } from 'node:crypto';
import { call, halves, LITE, MovableClock, withSandbox } from './client';

describe('upload', () => {
	it('answers both shapes at once and serves the file on another origin, without a key', async () => {
		await withSandbox({}, async (client, sandbox) => {
			const bytes = await halves();
			const { status, json } = await client.upload(bytes, 'my photo é.png');
			expect(status).toBe(200);
			const data = json['data']!;
			expect(data).toMatchObject({
				type: 'image',
				filename: 'my photo é.png',
				file_name: 'my photo é.png',
				content_type: 'image/png',
				size: bytes.length,
			});
			const url = String(data['download_url']);
			expect(url).toMatch(/\/media\/images\/\d+_[0-9a-f]{16}\.png$/);
			expect(new URL(url).origin).toBe(sandbox.filesUrl);
			expect(sandbox.filesUrl).not.toBe(sandbox.baseUrl);
			const file = await call(url);
			expect(file.bytes.equals(bytes)).toBe(true);
			expect(file.headers['content-type']).toBe('image/png');
			expect(sandbox.ledger.uploads).toEqual([
				{
					url,
					fileName: 'my photo é.png',
					contentType: 'image/png',
					bytes: bytes.length,
					sha256: createHash('sha256').update(bytes).digest('hex'),
				},
			]);
			expect(sandbox.ledger.requests).toMatchObject([
				{ endpoint: 'upload', status: 200, bytesIn: bytes.length, remoteOrigin: 'api' },
				{ endpoint: 'file', status: 200, authorization: null, remoteOrigin: 'files' },
			]);
		});
	});

	it.each([
		['photo.JPG', 'image'],
		['clip.mp4', 'video'],
		['song.mp3', 'audio'],
		['report.pdf', 'file'],
		['photo', 'file'],
	])('classifies %s by its name as %s, whatever its content type', async (name, type) => {
		await withSandbox({}, async (client) => {
			const { json } = await client.upload(await halves(), name);
			expect(json['data']).toMatchObject({ type, content_type: 'image/png' });
		});
	});

	it.each([
		['a part of another name', Buffer.from('x'), 'a.png', 'image'],
		['an empty file', Buffer.alloc(0), 'a.png', 'file'],
		['no file name', Buffer.from('x'), '', 'file'],
	])('refuses %s', async (_name, bytes, fileName, part) => {
		await withSandbox({}, async (client) => {
			const { status, json } = await client.upload(bytes, fileName, part);
			expect(status).toBe(400);
			expect(json['msg']).toContain('file');
		});
	});

	it('refuses what is not multipart', async () => {
		await withSandbox({}, async (_client, sandbox) => {
			const { status } = await call(`${sandbox.baseUrl}/api/v1/model/uploadMedia`, {
				method: 'POST',
				headers: { authorization: `Bearer ${sandbox.apiKey}`, 'content-type': 'application/json' },
				body: '{}',
			});
			expect(status).toBe(400);
		});
	});
});

describe('downloads', () => {
	it('serves ranges and HEAD', async () => {
		await withSandbox({}, async (client) => {
			const bytes = await halves();
			const url = await client.uploaded(bytes);
			const part = await call(url, { headers: { range: 'bytes=0-9' } });
			expect(part.status).toBe(206);
			expect(part.bytes.equals(bytes.subarray(0, 10))).toBe(true);
			expect(part.headers['content-range']).toBe(`bytes 0-9/${bytes.length}`);
			const head = await call(url, { method: 'HEAD' });
			expect(head.headers['content-length']).toBe(String(bytes.length));
		});
	});

	it('answers 404 to what it does not know, and once expired', async () => {
		const clock = new MovableClock();
		await withSandbox({ preparedPictures: true, clock }, async (client, sandbox) => {
			expect((await call(`${sandbox.filesUrl}/outputs/none.png`)).status).toBe(404);
			const image = await client.uploaded(await halves());
			const body = { model: LITE, prompt: 'x', images: [image] };
			const { json } = await client.submit(body, { 'X-AtlasCloud-Object-Expiration-Hours': '2' });
			const first = String((await client.finished(String(json['data']!['id'])))['outputs']![0]);
			const second = String((await client.edit(body))['outputs']![0]);
			expect((await call(first)).status).toBe(200);
			clock.aheadMs = 3 * 3_600_000;
			expect((await call(first)).status).toBe(404);
			expect((await call(second)).status).toBe(200);
			sandbox.expireOutput(second);
			expect((await call(second)).status).toBe(404);
		});
	});
});
