/*
 * Files and cells as people really have them. Both nodes read them by the same rules: what is refused is refused before
 * anything is uploaded or bought, and says what it is.
 */
import sharp, { type Sharp } from 'sharp';
import type { IBinaryData, INodeProperties } from 'n8n-workflow';
import { SeedreamEdit } from '../../nodes/AtlasCloud/SeedreamEdit/SeedreamEdit.node';
import { models, parametersOf } from './models';
import { exif, oriented, tiff } from './pictures';
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
	type InputItem,
	type SeedreamOptions,
} from './seedream';

const V55 = 'bytedance/seedream-v5.5/edit';
const VIDEO = 'bytedance/seedance-v1.5-pro/image-to-video';

useOneSandbox();

const ADDRESS = 'https://example.com/a.png';
const PDF: IBinaryData = { data: 'JVBERi0xLjc=', mimeType: 'application/pdf', fileName: 'a.pdf' };

/** How each node is given one image. */
const NODES = {
	'Seedream Edit': (images: unknown) => ({ parameters: { images } }),
	'Atlas Cloud Models': (image: unknown) => ({
		...models,
		parameters: parametersOf({
			resource: 'video',
			model: VIDEO,
			inputs: { image: image as string, prompt: 'it moves' },
		}),
	}),
};

/** Runs it, and tells the content that was uploaded. */
async function uploadedBy(options: SeedreamOptions): Promise<string[]> {
	const before = sandbox.ledger.uploads.length;
	await succeed(options);
	return sandbox.ledger.uploads.slice(before).map((upload) => upload.sha256);
}

const file = (bytes: Buffer, fileName = 'photo.jpg', mimeType = 'image/jpeg'): InputItem => ({
	files: { data: { bytes, fileName, mimeType } },
});

/** A file in memory, as n8n keeps it there. */
const inMemory = (data: string, more: Partial<IBinaryData> = {}): InputItem => ({
	binary: { data: { mimeType: 'image/png', fileName: 'photo.png', ...more, data } },
});

const noisy = async (encode: (image: Sharp) => Sharp) =>
	await encode(
		sharp(Buffer.from(Array.from({ length: 120 * 80 * 3 }, (_, i) => (i * 7919) % 251)), {
			raw: { width: 120, height: 80, channels: 3 },
		}),
	).toBuffer();

describe.each(Object.entries(NODES))('%s', (_name, given) => {
	it.each<[string, (base64: string) => string]>([
		['wrapped at 76 characters', (base64) => base64.replace(/.{76}/g, '$&\r\n')],
		['without padding', (base64) => base64.replace(/=+$/, '')],
	])('a file in memory is sent in its real size: %s', async (_what, change) => {
		const bytes = await noisy((image) => image.png());
		const uploads = await uploadedBy({
			...given('data'),
			binaryMode: 'default',
			items: [inMemory(change(bytes.toString('base64')))],
		});
		expect(uploads).toEqual([sha256(bytes)]);
		expect(sandbox.ledger.uploads.at(-1)?.bytes).toBe(bytes.length);
	});

	describe('a broken image', () => {
		it.each(BINARY_MODES)('that is cut off is incomplete, kept in mode %s', async (binaryMode) => {
			const bytes = await noisy((image) => image.webp());
			const items = [file(bytes.subarray(0, bytes.length / 2))];
			const { message, description } = await refusal({ ...given('data'), binaryMode, items });
			expect(message).toBe('The file in data is incomplete: its end is missing');
			expect(description).not.toMatch(/size/i);
		});

		it('passes with something behind its end: motion photos, previews, Ultra HDR', async () => {
			const bytes = Buffer.concat([await noisy((image) => image.jpeg()), Buffer.alloc(5_000, 'ftyp')]);
			expect(await uploadedBy({ ...given('data'), items: [file(bytes)] })).toEqual([sha256(bytes)]);
		});
	});

	it.each<[string, Buffer, RegExp]>([
		['a web page', Buffer.from('<!doctype html><title>Sign in</title>'), /a web page/],
		['a PDF', Buffer.from('%PDF-1.7'), /a PDF/],
		['HEIC', Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'), /a HEIC file/],
		['DNG', tiff([[0xc612, 1, 4, 0x401]]), /a camera raw file \(DNG\)/],
	])('%s is called what it is', async (_what, bytes, words) => {
		const { message, description } = await refusal({ ...given('data'), items: [file(bytes)] });
		expect(message).toMatch(/^The file in data /);
		expect(message).toMatch(words);
		expect(description.length).toBeGreaterThan(20);
	});

	describe('a data URI', () => {
		it.each<[string, (base64: string) => string]>([
			['as it should be', (base64) => `data:image/png;base64,${base64}`],
			['of a wrong type', (base64) => `data:image/jpeg;base64,${base64}`],
		])('is read by its bytes: %s', async (_what, uriOf) => {
			const bytes = await noisy((image) => image.png());
			const uri = uriOf(bytes.toString('base64'));
			const uploads = await uploadedBy({ ...given('={{ $json.uri }}'), items: [{ json: { uri } }] });
			expect(uploads).toEqual([sha256(bytes)]);
		});

		it.each([
			['data:image/png;base64,', /The data URI in '(Images|Image)' is empty \(0 bytes\)/],
			['data:image/png;base64,iVBORw0KGgo=', /The data URI in '(Images|Image)' is incomplete/],
			['data:image/svg+xml;utf8,<svg xmlns="http://www.w3.org/2000/svg"/>', /is an SVG file/],
		])('is refused if damaged: %s', async (uri, words) => {
			expect((await refusal({ ...given(uri), items: [{}] })).message).toMatch(words);
		});
	});

	it.each<[string, (bytes: Buffer) => InputItem & { given?: unknown }]>([
		['without a type', (bytes) => ({ binary: { data: { data: bytes.toString('base64') } as IBinaryData } })],
		...['data', '={{ $binary.data }}'].map((entry): [string, (bytes: Buffer) => object] => [
			`whose name, type, and extension are numbers, as ${entry}`,
			(bytes) => ({
				binary: {
					data: { data: bytes.toString('base64'), fileName: 0, mimeType: 5, fileExtension: 6 } as never,
					other: PDF,
				},
				given: entry,
			}),
		]),
		['with blanks in its name', (bytes) => ({ files: { 'my photo': bytes }, given: 'my photo' })],
		['with a comma in its name', (bytes) => ({ files: { 'front, left': bytes }, given: 'front, left' })],
		['with blanks around its name', (bytes) => ({ files: { 'photo ': bytes }, given: 'photo' })],
		[
			'in the json, by expression',
			(bytes) => ({
				json: { file: { mimeType: 'image/png', data: bytes.toString('base64') } },
				given: '={{ $json.file }}',
			}),
		],
	])('a file %s is used', async (_what, itemOf) => {
		const bytes = await picture();
		const { given: entry = 'data', ...item } = itemOf(bytes);
		const uploads = await uploadedBy({ ...given(entry), binaryMode: 'default', items: [item] });
		expect(uploads).toEqual([sha256(bytes)]);
	});

	/** As these nodes and services really return them. */
	it.each<[string, (file: IBinaryData) => InputItem, unknown?]>([
		[
			'Telegram’s trigger',
			(data) => ({ json: { message: { photo: [{ file_id: 'a' }] } }, binary: { data } }),
		],
		['a mail of Gmail with a PDF', (attachment_0) => ({ binary: { attachment_0, attachment_1: PDF } })],
		[
			'a form',
			(Photo_0) => ({
				json: { Photo: [{ filename: 'a.png', mimetype: 'image/png', size: 9 }] },
				binary: { Photo_0 },
			}),
		],
		[
			'Airtable’s trigger',
			(Photos_0) => ({ json: { fields: { Photos: [{ url: ADDRESS }] } }, binary: { Photos_0 } }),
		],
		['Slack’s trigger', (file_0) => ({ json: { files: [{ url_private: ADDRESS }] }, binary: { file_0 } })],
	])('the item’s only image is found by "data": %s', async (_what, itemOf) => {
		const bytes = await picture();
		const data = { data: bytes.toString('base64'), mimeType: 'image/png', fileName: 'a.png' };
		const uploads = await uploadedBy({ ...given('data'), binaryMode: 'default', items: [itemOf(data)] });
		expect(uploads).toEqual([sha256(bytes)]);
	});

	it('a form’s files are found in n8n’s combined binary mode', async () => {
		const bytes = await picture();
		const uploads = await uploadedBy({
			...given('data'),
			settings: { binaryMode: 'combined' },
			items: async (context) => [{ json: { Photo: [{ ...(await storeFile(context, bytes)) }] } }],
		});
		expect(uploads).toEqual([sha256(bytes)]);
	});

	it('of two names that differ by blanks, the one that is given exactly is meant', async () => {
		const [bytes, other] = [await picture(), await picture({ left: '#000000' })];
		const items = [{ files: { photo: other, ' photo': bytes } }];
		expect(await uploadedBy({ ...given(' photo'), items })).toEqual([sha256(bytes)]);
	});

	it.each<[string, InputItem, unknown, RegExp]>([
		[
			'a Code node’s flat binary',
			{ binary: { mimeType: 'image/png', data: 'AAAA' } as unknown as InputItem['binary'] },
			'data',
			/^The binary of this item is one file.*Code node, return binary: \{ data: /s,
		],
		[
			'a file in the json',
			{ json: { photo: { mimeType: 'image/png', data: 'AAAA' } } },
			'photo',
			/"photo" is a field of the item’s JSON.*\{\{ \$json\.photo \}\}/s,
		],
		[
			'a column with a URL',
			{ json: { 'Photo URL': 'https://example.com/a.png' } },
			'Photo URL',
			/field of the item’s JSON.*\{\{ \$json\["Photo URL"\] \}\}/s,
		],
		[
			'a Buffer',
			{ json: { photo: { type: 'Buffer', data: [137, 80] } } },
			'={{ $json.photo }}',
			/Buffer as JSON.*prepareBinaryData/s,
		],
		[
			'Telegram’s photo',
			{ json: { photo: [{ file_id: 'x', file_unique_id: 'y', width: 90 }] } },
			'={{ $json.photo }}',
			/Telegram’s description.*Telegram > File > Get/s,
		],
		[
			'Drive’s file',
			{ json: { id: '1', mimeType: 'image/png', webViewLink: 'https://drive.google.com/file/d/1/view' } },
			'={{ $json }}',
			/Google Drive’s description.*Download/s,
		],
		[
			'an object',
			{ json: { a: { b: 1 } } },
			'={{ $json.a }}',
			/must be a URL, the name of a field, or a file, but it is an object.*no files/s,
		],
		[
			'an expression that stayed a text',
			{},
			'{{ $json.photo }}',
			/expression that n8n didn’t evaluate.*Expression/s,
		],
		[
			'base64 of Extract From File',
			{ json: { data: 'iVBORw0KGgoAAAANSUhEUgAA'.repeat(20) } },
			'data',
			/^"data" is base64 text in the item’s JSON.*Move Base64 String to File.*base64,\{\{ \$json\.data \}\}/s,
		],
		[
			'a Buffer in the binary',
			{ binary: { data: { mimeType: 'image/png', data: { type: 'Buffer', data: [137] } } as never } },
			'data',
			/holds a Buffer as JSON.*prepareBinaryData/s,
		],
		[
			'Telegram’s trigger without Download',
			{ json: { message: { photo: [{ file_id: 'a', file_unique_id: 'b', width: 90 }] } } },
			'data',
			/^This item has no file, only Telegram’s description of a file.*Turn on Download Images\/Files/s,
		],
		[
			'WhatsApp’s trigger',
			{ json: { messages: [{ type: 'image', image: { mime_type: 'image/jpeg', sha256: 'x', id: '1' } }] } },
			'data',
			/only WhatsApp’s description.*Media > Download/s,
		],
		[
			'WhatsApp’s Media > Download',
			{ json: { url: 'https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1', id: '1' } },
			'={{ $json.url }}',
			/WhatsApp link needs a login.*has your WhatsApp credential/s,
		],
		[
			'Drive’s trigger without a download',
			{ json: { kind: 'drive#file', id: '1', mimeType: 'image/png', webViewLink: ADDRESS } },
			'data',
			/^This item has no file, only Google Drive’s description.*File > Download/s,
		],
		[
			'a list of an API',
			{ json: { type: 'list', data: ['a'] } },
			'*',
			/^This item has no image files.*no files/s,
		],
		[
			'a row with the ID of a file',
			{ json: { file_id: '1' } },
			'data',
			/^No image found in the field "data".*no files/s,
		],
		[
			'a form’s field by its label',
			{
				json: { Photo: [{ filename: 'a.png', mimetype: 'image/png', size: 9 }] },
				binary: { Photo_0: PDF, Logo_0: PDF },
			},
			'Photo',
			/^"Photo" is a form’s description of a file.*Files in this item: Photo_0, Logo_0/s,
		],
		['nothing at all', {}, 'data', /No image found in the field "data".*pinned/s],
		[
			'a share page',
			{},
			'https://drive.google.com/file/d/1AbC/view?usp=sharing',
			/Google Drive link opens a page.*Download/s,
		],
	])('%s is called what it is', async (_what, item, entry, words) => {
		const { message, description } = await refusal({ ...given(entry), binaryMode: 'default', items: [item] });
		expect(`${message}\n${description}`).toMatch(words);
	});

	const png: IBinaryData = { data: 'iVBORw0KGgo=', mimeType: 'image/png' };
	it.each<[string, InputItem, unknown, RegExp]>([
		['a text', {}, 'data,'.repeat(1_001), /^'Images?' has more than 1000 files$/],
		['a list', {}, Array(1_001).fill('data'), /^'Images?' has more than 1000 files$/],
		[
			'all files again and again',
			{ binary: Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`photo_${i}`, png])) },
			'*,'.repeat(40),
			/^'Images?' has more than 1000 files$/,
		],
		['an item', { json: { photo: Array(1_001).fill(png) } }, 'data', /^This item has more than 1000 files$/],
	])('more files than any model takes are refused at once: %s', async (_what, item, entry, words) => {
		const { message } = await refusal({
			...given('={{ $json.entry }}'),
			settings: { binaryMode: 'combined' },
			binaryMode: 'default',
			items: [{ ...item, json: { ...item.json, entry } as InputItem['json'] }],
		});
		expect(message).toMatch(words);
	});

	it('an AI agent is asked for a URL: it can’t pass files', async () => {
		const run = { ...given('data'), type: 'n8n-nodes-seedream.someTool', items: [{}] };
		const { message } = await refusal(run);
		expect(message).toMatch(
			/^No image found in the field "data"\n.*public URL .* files can’t be passed to a tool/,
		);
	});

	it('no message repeats more than 200 characters of what was given', async () => {
		const long = Buffer.from(Array.from({ length: 250_000 }, (_, i) => (i * 7919) % 251)).toString('base64');
		const entries = [
			long,
			`https://example.com/${long}x y`,
			`x:${long}`,
			`{{ $json.${long} }}`,
			`data:image/png;base64,${long}§`,
		];
		for (const entry of entries) {
			const { message, description } = await refusal({
				...given('={{ $json.a }}'),
				items: [{ json: { a: entry } }],
			});
			expect(message.length).toBeLessThan(400);
			expect(description.length).toBeLessThan(600);
		}
		const { message } = await refusal({ ...given('={{ $json.a }}'), items: [{ json: { a: long } }] });
		expect(message).toContain('contains the file itself as base64 text');
	});
});

const photos: Record<string, (orientation: number) => Promise<Buffer>> = {
	JPEG: async (orientation) =>
		oriented(await picture({ width: 90, height: 30, encode: (raw) => raw.jpeg() }), exif(orientation)),
	TIFF: async (orientation) =>
		await picture({ width: 90, height: 30, encode: (raw) => raw.withMetadata({ orientation }).tiff() }),
};
it.each(Object.keys(photos))('the orientation in a photo turns a %s only if it is 5 to 8', async (kind) => {
	const orientations = kind === 'TIFF' ? [1, 3, 6, 8] : [1, 3, 5, 6, 8, 9, 255, 65_535];
	const items = await Promise.all(orientations.map(async (one) => file(await photos[kind]!(one))));
	const { json } = await runSeedream({
		items,
		parameters: { resource: 'prediction', operation: 'submit' },
	});
	const isTurned = (one: number) => one >= 5 && one <= 8;
	expect(json.map(({ size }) => size)).toEqual(
		orientations.map((one) => (isTurned(one) ? '1024*3072' : '3072*1024')),
	);
});

it.each(['image/png', 'application/octet-stream', undefined])(
	'all files that claim to be images are meant by *, also one that is none: %s',
	async (mimeType) => {
		const data = Buffer.from('{"error":1}').toString('base64');
		const items: InputItem[] = [
			{
				binary: {
					a: { data: (await picture()).toString('base64'), mimeType: 'image/png' },
					b: { data, fileName: 'b.PNG', mimeType } as IBinaryData,
				},
			},
		];
		const { message } = await refusal({ items, binaryMode: 'default', parameters: { images: '*' } });
		expect(message).toBe('The file in b is a JSON document');
	},
);

it.each(['', null])('files whose ID is %j are not the same file', async (id) => {
	const pictures = [await picture(), await picture({ left: '#000000' })];
	const [a, b] = pictures.map((bytes) => ({ data: bytes.toString('base64'), mimeType: 'image/png', id }));
	const items = [{ json: { file: b }, binary: { a: a as IBinaryData } }];
	const images = '={{ ["a", $json.file] }}';
	const uploads = await uploadedBy({ items, binaryMode: 'default', parameters: { images } });
	expect(uploads).toEqual(pictures.map(sha256));
});

describe('options that an expression gives as text', () => {
	const sheet = {
		no: 'FALSE',
		yes: 'Yes',
		three: '3',
		five: ' 5.0 ',
		format: 'PNG',
		blank: '',
	};

	it('are read as they are meant', async () => {
		const { json, out } = await runSeedream({
			items: [{ json: sheet, files: { data: await picture() } }],
			parameters: {
				model: LITE,
				simplify: '={{ $json.no }}',
				options: {
					downloadImages: '={{ $json.no }}',
					includeInputFields: '={{ $json.yes }}',
					concurrency: '={{ $json.three }}',
					keepOnAtlasHours: '={{ $json.five }}',
					timeoutSeconds: '={{ $json.blank }}',
					outputFormat: '={{ $json.format }}',
				},
			},
		});
		expect(json).toMatchObject([{ ...sheet, status: 'completed', imageCount: 1 }]);
		expect(out[0]?.binary).toBeUndefined();
		expect(submittedBodies(sandbox).at(-1)).toMatchObject({ output_format: 'png' });
	});

	const nodes = { 'Seedream Edit': new SeedreamEdit(), 'Atlas Cloud Models': models.node };
	const offered = Object.entries(nodes).flatMap(([name, { description }]) => {
		const shown = description.properties.filter(
			({ name: field, displayOptions }) =>
				field === 'options' && /edit|generate/.test(String(displayOptions?.show?.operation)),
		);
		const options = shown.flatMap((field) => field.options as INodeProperties[]);
		return options.map((option) => [name, option.displayName, option] as const);
	});
	it.each(offered)('are refused by name where they can’t be read: %s, %s', async (name, title, option) => {
		const nonsense = option.type === 'string' ? '={{ {} }}' : '={{ "maybe" }}';
		const given = NODES[name as keyof typeof NODES]('data');
		const { message, description } = await refusal({
			...given,
			// A model for which the panel shows all of them.
			parameters: { model: V55, ...given.parameters, options: { [option.name]: nonsense } },
		});
		expect(message.startsWith(`'${title}' must be `)).toBe(true);
		expect(description).not.toBe('');
	});
});
