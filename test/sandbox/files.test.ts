import { createHash } from 'node:crypto';
import sharp from 'sharp';
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

	it('replaces the name and keeps its extension', async () => {
		await withSandbox({}, async (client) => {
			const name = /\/media\/images\/\d+_[0-9a-f]{16}/.source;
			expect(await client.uploaded(await halves(), 'photo.PNG')).toMatch(new RegExp(`${name}\\.png$`));
			expect(await client.uploaded(await halves(), 'photo')).toMatch(new RegExp(`${name}$`));
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

	it('can keep the name', async () => {
		await withSandbox({ keepUploadNames: true }, async (client) => {
			const bytes = await halves();
			const url = await client.uploaded(bytes, 'my photo é.png');
			expect(url).toMatch(/\/uploads\/[0-9a-f]+\/my%20photo%20%C3%A9\.png$/);
			expect((await call(url)).bytes.equals(bytes)).toBe(true);
		});
	});

	it('is gone once deleted: for a download and for the model', async () => {
		await withSandbox({ preparedPictures: true }, async (client, sandbox) => {
			const url = await client.uploaded(await halves());
			sandbox.deleteUpload(url);
			expect((await call(url)).status).toBe(404);
			const data = await client.edit({ model: LITE, prompt: 'x', images: [url] });
			expect(data).toMatchObject({ status: 'failed', error: expect.stringContaining('404') as string });
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

	it('takes a large file without holding it in memory', async () => {
		await withSandbox({}, async (client, sandbox) => {
			const size = 60 * 1024 * 1024;
			expect((await client.upload(Buffer.alloc(size, 1), 'large.tiff')).status).toBe(200);
			expect(sandbox.ledger.uploads[0]!.bytes).toBe(size);
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

	it('keeps the sha256 of what it made', async () => {
		await withSandbox({}, async (client, sandbox) => {
			const data = await client.edit({
				model: LITE,
				prompt: 'x',
				images: [await client.uploaded(await halves())],
			});
			const { bytes } = await call(String(data['outputs']![0]));
			const record = sandbox.ledger.predictions.get(String(data['id']))!;
			expect(record.outputSha256).toEqual([createHash('sha256').update(bytes).digest('hex')]);
			expect(record.outputs).toEqual(data['outputs']);
		});
	});
});

describe('prepared pictures', () => {
	it.each(['png', 'jpeg'] as const)('are valid and padded: %s', async (format) => {
		const options = { preparedPictures: true, preparedPictureBytes: 3_000_001 };
		await withSandbox(options, async (client) => {
			const url = await client.uploaded(await halves());
			const data = await client.edit({ model: LITE, prompt: 'x', images: [url], output_format: format });
			const { bytes, headers } = await call(String(data['outputs']![0]));
			expect(bytes.length).toBe(3_000_001);
			expect(headers['content-type']).toBe(`image/${format}`);
			expect((await sharp(bytes).stats()).channels.length).toBeGreaterThan(2);
			expect((await sharp(bytes).metadata()).format).toBe(format);
		});
	});

	it.each(['png', 'jpeg'] as const)('leave edited ones to be padded as well: %s', async (format) => {
		await withSandbox({ outputBytes: 9_000_000 }, async (client, sandbox) => {
			const url = await client.uploaded(await halves());
			const data = await client.edit({ model: LITE, prompt: 'x', images: [url], output_format: format });
			const { bytes } = await call(String(data['outputs']![0]));
			expect(bytes.length).toBe(9_000_000);
			expect(await sharp(bytes).metadata()).toMatchObject({ format, width: 2048 });
			const { outputSha256 } = sandbox.ledger.predictions.get(String(data['id']))!;
			expect(outputSha256).toEqual([createHash('sha256').update(bytes).digest('hex')]);
		});
	});
});
