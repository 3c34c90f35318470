import assert from 'node:assert/strict';
import type { IDataObject } from 'n8n-workflow';
import sharp, { type Sharp } from 'sharp';
import { chain, type NodeExport } from '../../../scripts/n8n/instance';
import { exif, oriented, tiff } from '../../engine/pictures';
import { CREDENTIALS, e2e, model, seedream, trigger } from '../cases';

/** A row as a Code node returns it, and how the message about it begins; null where it is edited. */
interface Row {
	json?: IDataObject;
	binary?: IDataObject;
	/** What 'Images' is for it. */
	given?: unknown;
	prompt?: unknown;
	says: string | null;
}

const encoded = async (encode: (image: Sharp) => Sharp): Promise<Buffer> =>
	await encode(
		sharp(Buffer.from(Array.from({ length: 40 * 30 * 3 }, (_, i) => (i * 7919) % 251)), {
			raw: { width: 40, height: 30, channels: 3 },
		}),
	).toBuffer();

async function makeRows(): Promise<Record<string, Row>> {
	const png = await encoded((image) => image.png());
	const jpeg = await encoded((image) => image.jpeg());
	const webp = await encoded((image) => image.webp());
	const base64 = png.toString('base64');
	const uri = `data:image/png;base64,${base64}`;
	const file = (data: string, more: IDataObject = {}) => ({
		mimeType: 'image/png',
		fileName: 'photo.png',
		...more,
		data,
	});
	const of = (content: Buffer | string, says: string | null, more: IDataObject = {}): Row => ({
		binary: { data: file(Buffer.isBuffer(content) ? content.toString('base64') : content, more) },
		says,
	});
	const given = (value: unknown, says: string | null, json: IDataObject = {}): Row => ({
		given: value,
		json,
		says,
	});
	const prompted = (prompt: unknown, says: string): Row => ({ ...of(png, `'Prompt' ${says}`), prompt });
	const unreadable = 'Couldn’t load the image at https://example.invalid/a.png';
	return {
		'base64 with a line break': of(`${base64}\n`, null),
		'base64 wrapped': of(base64.replace(/.{76}/g, '$&\r\n'), null),
		'base64 with surplus padding': of(`${base64}==`, null),
		'half a JPEG': of(jpeg.subarray(0, jpeg.length / 2), 'The file in data is incomplete'),
		'half a PNG': of(png.subarray(0, png.length / 2), 'The file in data is incomplete'),
		'half a WebP': of(webp.subarray(0, webp.length / 2), 'The file in data is incomplete'),
		'a JPEG with a film behind it': of(Buffer.concat([jpeg, Buffer.alloc(3_000, 'ftyp')]), null),
		DNG: of(
			Buffer.concat([tiff([[0xc612, 1, 4, 0x401]]), Buffer.alloc(500)]),
			'The file in data is a camera raw file (DNG)',
		),
		CR3: of(
			Buffer.from('\0\0\0\x18ftypcrx \0\0\0\x01crx isom', 'latin1'),
			'The file in data is a camera raw file (CR3)',
		),
		HEIC: of(Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'), 'The file in data is a HEIC file'),
		'orientation 6': of(oriented(jpeg, exif(6)), null),
		'orientation 9': of(oriented(png, exif(9)), null),
		nothing: of('', 'The file in data is empty (0 bytes)'),
		'a decoded data URI': of(Buffer.from(uri, 'base64'), 'The file in data was made from a whole data URI'),
		'base64 as the content': of(Buffer.from(base64), 'The file in data contains base64 text'),
		'a data URI as the content': of(Buffer.from(uri), 'The file in data contains a data URI as text'),
		'a JSON document': of(Buffer.from('{"error":{"code":403}}'), 'The file in data is a JSON document'),
		'an XML document': of(
			Buffer.from('<?xml version="1.0"?><Error/>'),
			'The file in data is an XML document',
		),
		'a web page': of(Buffer.from('<!doctype html><title>Sign in</title>'), 'The file in data is a web page'),
		'WhatsApp’s .enc': of(
			Buffer.from('e5a19b7c02ff88', 'hex'),
			'The file in data is an encrypted WhatsApp file',
			{ fileName: 'a.enc' },
		),
		'plain text': of(Buffer.from('sku;name'), 'The file in data is plain text'),
		'a data URI': given(uri, null),
		'a data URI with a line break': given(uri.replace(/.{76}/g, '$&\n'), null),
		'a data URI without a type': given(`data:;base64,${base64}`, null),
		'a data URI with blanks': given(uri.replaceAll('+', ' '), null),
		'a damaged data URI': given('data:image/png;base64,iVBO§', "'Images' contains a damaged data URI"),
		'a cut data URI': given(
			uri.slice(0, uri.length - (uri.length % 4) - 200),
			"The data URI in 'Images' is incomplete",
		),
		'Airtable’s attachments': given(
			[{ id: 'att1', url: 'https://example.invalid/a.png', filename: 'a.png' }],
			unreadable,
		),
		'Shopify’s images': given([{ id: 1, src: 'https://example.invalid/a.png' }], unreadable),
		'a list in JSON': given('["https://example.invalid/a.png"]', unreadable),
		semicolons: given('https://example.invalid/a.png; https://example.invalid/b.png', unreadable),
		bars: given('https://example.invalid/a.png | https://example.invalid/b.png', unreadable),
		quotes: given('"https://example.invalid/a.png"', unreadable),
		'a zero-width space': given('https://example.invalid/a.png\u200b', unreadable),
		'a space inside': given(
			'https://example.com/my photo.png',
			'The URL "https://example.com/my photo.png" contains a space',
		),
		'a share page': given('https://drive.google.com/file/d/1AbC/view', 'This Google Drive link opens a page'),
		'a link that needs a login': given(
			'https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1',
			'This WhatsApp link needs a login',
		),
		'no https': given('example.com/a.png', '"example.com/a.png" is not a valid URL'),
		'a long base64': given(
			Buffer.alloc(30_000, 7).toString('base64'),
			"'Images' contains the file itself as base64 text",
		),
		'Extract From File’s base64': given('data', '"data" is base64 text in the item’s JSON', { data: base64 }),
		'a serialized Buffer': given({ type: 'Buffer', data: [137, 80] }, "'Images' is a Buffer as JSON"),
		'a Buffer in the binary': {
			binary: { data: { mimeType: 'image/png', data: { type: 'Buffer', data: [137, 80] } } },
			says: 'The binary of this item holds a Buffer',
		},
		'a flat binary': { binary: file(base64), says: 'The binary of this item is one file' },
		'a file without a type': { binary: { data: { data: base64 } }, says: null },
		'a name with a comma': { binary: { 'front, left': file(base64) }, given: 'front, left', says: null },
		'a name with blanks': { binary: { 'my photo': file(base64) }, given: ' my photo ', says: null },
		'a file in the JSON': given('photo', '"photo" is a field of the item’s JSON', {
			photo: { mimeType: 'image/png', data: base64 },
		}),
		'a column': given('Photo URL', '"Photo URL" is a field of the item’s JSON', {
			'Photo URL': 'https://example.com/a.png',
		}),
		'Telegram without download': given('data', 'This item has no file, only Telegram’s description', {
			message: { photo: [{ file_id: 'a', file_unique_id: 'b', width: 90, height: 60 }] },
		}),
		'WhatsApp’s trigger': given('data', 'This item has no file, only WhatsApp’s description', {
			messages: [{ type: 'image', image: { mime_type: 'image/jpeg', sha256: 'x', id: '1' } }],
		}),
		'Drive’s trigger': given('data', 'This item has no file, only', {
			file: { kind: 'drive#file', id: '1', mimeType: 'image/png' },
		}),
		'a form’s label': {
			binary: { Photo_0: file(base64), Logo_0: file(base64) },
			json: { Photo: [{ filename: 'a.png', mimetype: 'image/png', size: 9 }] },
			given: 'Photo',
			says: '"Photo" is a form’s description',
		},
		'a form with one file': { binary: { Photo_0: file(base64) }, given: 'data', says: null },
		'a mail with two photos': {
			binary: { attachment_0: file(base64), attachment_1: file(base64) },
			says: 'This item has 2 files that',
		},
		'a pinned node': given('data', 'No image found in the field "data"'),
		'* with a broken one': {
			binary: { a: file(base64), b: file(Buffer.from('{}').toString('base64')) },
			given: '*',
			says: 'The file in b is a JSON document',
		},
		'an expression left in Images': given(
			'{{ $json.photo }}',
			"'Images' contains an expression that n8n didn’t evaluate",
		),
		'nothing in Images': given('', "'Images' is empty"),
		'an expression left in the prompt': prompted(
			'Make it {{ $json.color }}',
			'contains an expression that n8n didn’t evaluate',
		),
		'an object in the prompt': prompted('Make it [object Object]', 'contains [object Object]'),
		'#N/A': prompted('#N/A', 'contains the spreadsheet error #N/A'),
		'an invisible prompt': prompted('\u200b\u200b', 'contains only invisible characters'),
		'a prompt of null': prompted('null', 'is "null"'),
		'TRUE as a prompt': prompted(true, 'must be text, but it is true'),
		'a multi-select': { ...of(png, null), prompt: ['flat', 'blue'] },
		'braces and #1 in a sentence': { ...of(png, null), prompt: 'Write {{name}} and #1 on the cup' },
	};
}

interface Told {
	message: string;
	description: string;
}

/** Set it to read every message aloud. */
const IS_SHOWN = process.env.SHOW_MESSAGES === '1';

function toldOf(json: IDataObject | undefined): Told | null {
	const error = json?.error as Told | undefined;
	return error ? { message: error.message, description: error.description } : null;
}

const codeNode = (rows: Row[]): NodeExport => ({
	name: 'Rows',
	type: 'n8n-nodes-base.code',
	typeVersion: 2,
	parameters: {
		jsCode: `return ${JSON.stringify(
			rows.map(({ json = {}, binary, given = 'data', prompt = 'make it blue' }) => ({
				json: { ...json, given, prompt },
				...(binary ? { binary } : {}),
			})),
		)};`,
	},
});

const CONTINUE = { onError: 'continueRegularOutput' } as const;

e2e('odd inputs: every file and cell of the table, in both nodes', async (bench) => {
	const rows = await makeRows();
	const names = Object.keys(rows);
	const execution = await bench.execute({
		nodes: [
			trigger(),
			codeNode(Object.values(rows)),
			seedream(
				'Edit',
				{ images: '={{ $json.given }}', prompt: '={{ $json.prompt }}', options: { downloadImages: false } },
				CONTINUE,
			),
			{
				name: 'Generate',
				type: 'n8n-nodes-seedream.atlasCloudModels',
				typeVersion: 1,
				credentials: CREDENTIALS,
				...CONTINUE,
				parameters: {
					resource: 'video',
					operation: 'generate',
					model: model('bytedance/seedance-v1.5-pro/image-to-video'),
					modelInputs: {
						mappingMode: 'defineBelow',
						value: { image: '={{ $json.given }}', prompt: '={{ $json.prompt }}' },
						schema: [],
					},
					options: { downloadFiles: false, maxPredictions: 100 },
				},
			},
		],
		connections: {
			...chain('Start', 'Rows', 'Edit'),
			Rows: {
				main: [
					[
						{ node: 'Edit', type: 'main', index: 0 },
						{ node: 'Generate', type: 'main', index: 0 },
					],
				],
			},
		},
	});
	execution.expectSuccess();
	const edits = execution.items('Edit').map(({ json }) => toldOf(json));
	const generated = execution.items('Generate').map(({ json }) => toldOf(json));
	if (IS_SHOWN) {
		for (const [i, name] of names.entries())
			for (const told of [edits[i], generated[i]])
				console.log(`${name} | ${told ? `${told.message} | ${told.description}` : 'edited'}`);
	}
	const wrong = names.filter((name, i) => {
		const { says } = rows[name];
		return says === null ? edits[i] !== null : !edits[i]?.message.startsWith(says);
	});
	assert.deepEqual(wrong, [], 'rows with other words');
	// An address that only Seedream Edit opens, and names of which the model takes one, are other cases there.
	const isShared = (i: number) =>
		!/^Couldn’t load|files that$/.test(rows[names[i]].says ?? '') && rows[names[i]].given !== '*';
	const different = names.filter((_name, i) => {
		const [message, other] = [edits[i], generated[i]].map((told) => told?.message.split(', which ')[0]);
		return isShared(i) && other !== message?.replace("'Images'", "'Image'");
	});
	assert.deepEqual(different, [], 'rows of which the nodes say different things');
});
