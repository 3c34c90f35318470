import type { IDataObject } from 'n8n-workflow';
import type { BinaryMode } from './harness';
import {
	BINARY_MODES,
	LITE,
	picture,
	refusal,
	runSeedream,
	sandbox,
	sha256,
	storeFile,
	submittedBodies,
	succeed,
	useOneSandbox,
	V4,
	type SeedreamOptions,
} from './seedream';

useOneSandbox();
/** Pictures that are told apart by their content. */
const pictures: Record<'red' | 'green' | 'blue', Buffer> = {
	red: Buffer.alloc(0),
	green: Buffer.alloc(0),
	blue: Buffer.alloc(0),
};
const text = { bytes: Buffer.from('sku;name\n1;shoe\n'), fileName: 'rows.csv', mimeType: 'text/csv' };

beforeAll(async () => {
	for (const name of ['red', 'green', 'blue'] as const)
		pictures[name] = await picture({ left: name, right: name });
});

/** Runs, and tells the pictures of each submit in order: a file's color, or the URL. */
async function sent(options: SeedreamOptions): Promise<string[][]> {
	const before = submittedBodies(sandbox).length;
	await succeed(options);
	const colors = new Map(Object.entries(pictures).map(([name, bytes]) => [sha256(bytes), name]));
	return submittedBodies(sandbox)
		.slice(before)
		.map(({ images }) =>
			(images as string[]).map((url) => {
				const upload = sandbox.ledger.uploads.find((one) => one.url === url);
				return upload ? (colors.get(upload.sha256) ?? '?') : url;
			}),
		);
}

describe.each(BINARY_MODES)('binary fields, files kept in mode %s', (binaryMode: BinaryMode) => {
	const files = () => ({
		photo: { bytes: pictures.red, fileName: 'photo.png' },
		logo: { bytes: pictures.green, fileName: 'logo.png' },
		rows: text,
		back: { bytes: pictures.blue, fileName: 'back.png' },
	});

	it.each([
		['one', 'logo', ['green']],
		['several, in the order given', 'back, photo', ['blue', 'red']],
		['all that are images, in the order of the item', '*', ['red', 'green', 'blue']],
		['an array of names', '={{ ["back", "logo"] }}', ['blue', 'green']],
		['binary objects', '={{ [$binary.back, $binary.photo] }}', ['blue', 'red']],
		['names and binary objects mixed', '={{ ["photo", $binary.back] }}', ['red', 'blue']],
	])('take %s', async (_what, images, wanted) => {
		expect(await sent({ binaryMode, items: [{ files: files() }], parameters: { images } })).toEqual([wanted]);
	});

	it('are found in the json of combined mode by name, by * and by expression', async () => {
		for (const images of ['data', '*', '_files.data', '={{ $json._files.data }}', '={{ $json._files }}']) {
			const run = sent({
				binaryMode,
				settings: { binaryMode: 'combined' },
				items: async (context) => [
					{
						json: { _files: { data: await storeFile(context, pictures.blue) } } as unknown as IDataObject,
						pairedItem: { item: 0 },
					},
				],
				parameters: { images },
			});
			if (images === '={{ $json._files }}')
				await expect(run).rejects.toThrow(
					"'Images' must be a URL, the name of a field, or a file, but it is an object",
				);
			else expect(await run).toEqual([['blue']]);
		}
	});

	it('are ignored in the json in any other mode unless an expression names them, because a webhook’s sender could have written them', async () => {
		const items: SeedreamOptions['items'] = async (context) => {
			const file = await storeFile(context, pictures.blue);
			return [
				{
					json: { photo: file, _files: { data: file }, data: file } as unknown as IDataObject,
					pairedItem: { item: 0 },
				},
			];
		};
		for (const [images, message] of [
			['data', '"data" is a field of the item’s JSON, not a file'],
			['photo', '"photo" is a field of the item’s JSON, not a file'],
			['_files.data', 'No image found in the field "_files.data"'],
			['={{ "photo" }}', '"photo" is a field of the item’s JSON, not a file'],
			['*', 'This item has no image files'],
		]) {
			const refused = await refusal({ binaryMode, items, parameters: { images } });
			expect(refused.message).toBe(message);
			expect(refused.description).toMatch(
				/This item has no files|to the expression \{\{ \$json\.(data|photo) \}\}/,
			);
		}
		expect(await sent({ binaryMode, items, parameters: { images: '={{ $json.photo }}' } })).toEqual([
			['blue'],
		]);
	});

	it('are read from the json only if n8n can have stored them', async () => {
		const ids = ['filesystem-v2:../../config', 'filesystem-v2:workflows/wf1/executions/1/binary_data/x', 'x'];
		for (const id of ids) {
			const file = { mimeType: 'image/png', fileName: 'a.png', data: 'filesystem-v2', id };
			const items = [{ json: { photo: file, _files: { data: file } } as unknown as IDataObject }];
			const settings = { binaryMode: 'combined' } as const;
			for (const images of ['data', 'photo', '_files.data', '*']) {
				const { message } = await refusal({
					binaryMode,
					settings,
					items,
					parameters: { images },
				});
				expect(message).toMatch(
					/^(No image found in the field |This item has no image files|"(data|photo)" is a field of the item’s JSON)/,
				);
			}
			const { message } = await refusal({
				binaryMode,
				items,
				parameters: { images: '={{ $json.photo }}' },
			});
			expect(message).toBe("The expression in 'Images' returns a file that n8n didn’t store");
		}
	});

	it('are never mistaken for one another in an expression', async () => {
		const alike = { photo: pictures.red, back: pictures.blue };
		const run = {
			binaryMode,
			items: [{ files: alike }],
			parameters: { images: '={{ $binary.back }}' },
		};
		if (binaryMode === 'filesystem') {
			expect(await sent(run)).toEqual([['blue']]);
			return;
		}
		// In memory n8n hands an expression the file without its content: name, type and size are all there is.
		expect(pictures.red.length).toBe(pictures.blue.length);
		const { message, description } = await refusal(run);
		expect(message).toBe("The expression in 'Images' matches several files: photo, back");
		expect(description).toContain('Enter the field name');
		expect(await sent({ ...run, items: [{ files: { photo: pictures.blue, back: pictures.blue } }] })).toEqual(
			[['blue']],
		);
	});

	it('are listed if the requested one does not exist', async () => {
		const wrong = await refusal({
			binaryMode,
			items: [{ files: files() }],
			parameters: { images: 'photo, missing' },
		});
		expect(wrong.message).toBe('No image found in the field "missing"');
		expect(wrong.description).toContain('photo, logo, rows, back');
		const several = await refusal({ binaryMode, items: [{ files: files() }] });
		expect(several.message).toBe("This item has 3 files that 'Images' could mean: photo, logo, back");
	});
});

const a = 'https://cdn.example.com/w_100,h_200/a.jpg';
const b = 'http://example.org/b.png?x=1,2';

it('image URLs and files may be mixed, in order', async () => {
	const dataUri = `data:image/png;base64,${pictures.green.toString('base64')}`;
	expect(
		await sent({
			items: [{ json: { urls: [b, dataUri, a] }, files: { one: pictures.red, two: pictures.blue } }],
			parameters: {
				images: '={{ ["two", ...$json.urls, "one"] }}',
			},
		}),
	).toEqual([['blue', b, 'green', a, 'red']]);
});

it('an object of another service is read by its URL, though it has a file’s name and type', async () => {
	const asset = { url: a, fileName: 'a.jpg', mimeType: 'image/jpeg', size: 9 };
	const parameters = { images: '={{ $json.photo }}', size: '2048*2048' };
	expect(await sent({ items: [{ json: { photo: asset } }], parameters })).toEqual([[a]]);
});

describe('the number of images', () => {
	it.each([
		[V4, 10],
		[`${V4}-sequential`, 10],
		[LITE, 14],
		[`${LITE}-sequential`, 14],
	])('%s takes up to %d', async (model, most) => {
		const name = model.includes('v4') ? 'Seedream v4' : 'Seedream v5.0 Lite';
		const urls = (count: number) => Array.from({ length: count }, (_, i) => `https://example.com/${i}.png`);
		const parameters = { model, images: '={{ $json.urls }}', size: '2048*2048' };
		expect((await sent({ items: [{ json: { urls: urls(most) } }], parameters }))[0]).toHaveLength(most);
		const { message } = await refusal({ items: [{ json: { urls: urls(most + 1) } }], parameters });
		expect(message).toBe(`This item has ${most + 1} images, but ${name} accepts at most ${most}`);
	});

	it('is limited to fifteen inputs and outputs together for a sequential model', async () => {
		const parameters = { model: `${V4}-sequential`, images: 'data,data,data' };
		const { message } = await refusal({ parameters: { ...parameters, numberOfImages: 13 } });
		expect(message).toBe("'Number of Images' is 13, but Seedream v4 can make at most 12 from 3 input images");
		const { json } = await runSeedream({ parameters: { ...parameters, numberOfImages: 12 } });
		expect(json).toHaveLength(12);
	});

	it('must not be zero', async () => {
		expect((await refusal({ items: [{}], parameters: { images: ' ' } })).message).toBe("'Images' is empty");
		expect((await refusal({ items: [{ files: { a: text } }], parameters: { images: '*' } })).message).toBe(
			'This item has no image files',
		);
	});
});
