import {
	idInAnswer,
	isPredictionId,
	toPrediction,
	unixMs,
} from '../../nodes/AtlasCloud/api/predictions/prediction';
import { failedError } from '../../nodes/AtlasCloud/api/predictions/errors';

const of = (data: Record<string, unknown>) => toPrediction('p1', { code: 200, data: { id: 'p1', ...data } });
const URL_A = 'https://cdn.example.com/a.png';
const BASE64 = `/9j/${'A'.repeat(80)}==`;

it.each(['created', 'starting', 'queued', 'pending', 'processing', 'running', 'RUNNING', 'warming-up', ''])(
	'"%s" is in progress',
	(status) => expect(of({ status })?.status).toBe('processing'),
);
it.each(['completed', 'succeeded', 'success', 'Completed', 'SUCCEEDED'])('"%s" has completed', (status) =>
	expect(of({ status, outputs: [URL_A] })).toMatchObject({ status: 'completed', rawStatus: status }),
);
it.each(['failed', 'canceled', 'cancelled', 'error', 'timeout', 'FAILED'])('"%s" has failed', (status) =>
	expect(of({ status, outputs: [URL_A] })).toMatchObject({ status: 'failed', outputs: [] }),
);

it('is read bare as well as in an envelope', () => {
	expect(
		toPrediction('p1', { id: 'p1', status: 'created', model: 'm', created_at: '2026-01-01T00:00:00Z' }),
	).toMatchObject({
		predictionId: 'p1',
		status: 'processing',
		model: 'm',
		createdAt: '2026-01-01T00:00:00Z',
	});
});

it.each(['other', 7, {}, ['p1'], 'P1'])('is not taken from the record of %j', (id) => {
	expect(toPrediction('p1', { data: { id, status: 'created' } })).toBeNull();
	expect(toPrediction('p1', { id, status: 'completed', outputs: [URL_A] })).toBeNull();
});

it.each([{}, { id: null }, { id: '' }])('is taken from a record without an id: %j', (id) => {
	expect(toPrediction('p1', { code: 500, data: { ...id, status: 'failed', outputs: null } })).toMatchObject({
		predictionId: 'p1',
		status: 'failed',
	});
});

it.each<[unknown, number, string | null]>([
	[{ code: 200, data: { id: 'p1', status: 'created', model: 'm' } }, 200, 'p1'],
	[{ code: 500, data: { id: 'p1', status: 'failed' } }, 500, 'p1'],
	[{ id: 'p1', status: 'created', model: 'm', created_at: 'now' }, 200, 'p1'],
	[{ id: 'p1', status: 'created', model: 'm' }, 502, null],
	[{ id: 'gw-1234', message: 'accepted' }, 202, null],
	[{ id: 'req-1', status: 'error' }, 502, null],
	[{ id: 'p1', model: 'm' }, 200, null],
	[{ id: 'p1', status: 1, model: 'm' }, 200, null],
	[{ id: 'p1', status: 'created', model: '' }, 200, null],
	[{ id: 'gw-1', status: 'x', model: 'm', data: { message: 'accepted' } }, 200, null],
	[{ data: { id: 7 } }, 200, null],
	[{ data: { id: '../x' } }, 200, null],
	[{ data: [{ id: 'p1' }] }, 200, null],
	[[], 200, null],
	['p1', 200, null],
	[undefined, 200, null],
])('the id in the answer to a submit of %j with status %d is %s', (json, statusCode, id) => {
	expect(idInAnswer({ json, statusCode })).toBe(id);
});

it.each<[unknown, number | null]>([
	[1_700_000_000, 1_700_000_000_000],
	[1_700_000_000_123, 1_700_000_000_123],
	['1700000000', 1_700_000_000_000],
	['2023-11-14T22:13:20Z', 1_700_000_000_000],
	['2023-11-14T22:13:20.123456789Z', 1_700_000_000_123],
	['2023-11-14T23:13:20+01:00', 1_700_000_000_000],
	['2023-11-14 22:13:20', 1_700_000_000_000],
	['2023-11-14T22:13:20', 1_700_000_000_000],
	['2023-11-14', 1_699_920_000_000],
	['2023-99-14', null],
	['yesterday', null],
	['Tue, 14 Nov 2023 22:13:20 GMT', null],
	['', null],
	[0, null],
	[1e300, null],
	[NaN, null],
	[null, null],
	[{}, null],
])('the time %j is %s', (value, ms) => expect(unixMs(value)).toBe(ms));

it.each([undefined, 'text', [], {}, { code: 200, data: null }, { data: [] }, { data: { id: 1 } }])(
	'is not found in %j',
	(json) => expect(toPrediction('p1', json)).toBeNull(),
);

describe('outputs', () => {
	it.each<[string, Record<string, unknown>, unknown[]]>([
		['URLs', { outputs: [URL_A, `${URL_A}?2`] }, [{ url: URL_A }, { url: `${URL_A}?2` }]],
		['one text', { output: URL_A }, [{ url: URL_A }]],
		['a list called output', { output: [URL_A] }, [{ url: URL_A }]],
		['outputs that are one text', { outputs: URL_A }, [{ url: URL_A }]],
		['objects', { outputs: [{ url: URL_A }, { download_url: URL_A }] }, [{ url: URL_A }, { url: URL_A }]],
		[
			'an object of a video',
			{ outputs: [URL_A, { video_url: `${URL_A}?2` }] },
			[{ url: URL_A }, { url: `${URL_A}?2` }],
		],
		[
			'http links of public hosts',
			{ outputs: ['http://h.example.com/a.png?E=1', 'http://10.0.0.1/a', 'http://127.0.0.1:9/a'] },
			[
				{ url: 'https://h.example.com/a.png?E=1' },
				{ url: 'http://10.0.0.1/a' },
				{ url: 'http://127.0.0.1:9/a' },
			],
		],
		['data URIs', { outputs: ['data:image/png;base64,AAAA'] }, [{ base64: 'AAAA' }]],
		['objects with data URIs', { outputs: [{ url: 'DATA:image/png;base64,AAAA' }] }, [{ base64: 'AAAA' }]],
		['bare base64 of a JPEG', { outputs: [BASE64] }, [{ base64: BASE64 }]],
		['bare base64 of a PNG', { outputs: [`iVBOR${'w'.repeat(80)}`] }, [{ base64: `iVBOR${'w'.repeat(80)}` }]],
		['an empty output beside outputs', { outputs: [URL_A], output: '' }, [{ url: URL_A }]],
		['unusable values in between', { outputs: [null, 7, '', {}, URL_A] }, [{ url: URL_A }]],
	])('are read from %s', (_what, data, outputs) => {
		expect(of({ status: 'completed', ...data })).toMatchObject({ status: 'completed', outputs });
	});

	it('leave out thumbnails', () => {
		const song = 'https://c.example.com/a.mp3';
		const flags = { has_nsfw_contents: [true, false, false] };
		expect(of({ status: 'completed', outputs: [URL_A, song], thumbnail: URL_A, ...flags })).toMatchObject({
			outputs: [{ url: song }],
			nsfw: [false],
		});
		expect(of({ status: 'completed', outputs: [URL_A], thumbnail: URL_A })?.outputs).toEqual([
			{ url: URL_A },
		]);
		const marked = { type: 'thumbnail', url: URL_A };
		expect(of({ status: 'completed', outputs: [song, marked, song] })?.outputs).toHaveLength(2);
		expect(of({ status: 'completed', outputs: [song], thumbnail: URL_A })?.outputs).toEqual([{ url: song }]);
	});

	it.each<[string, Record<string, unknown>, string]>([
		['plain text', { outputs: ['Hello, world.'] }, 'Hello, world.'],
		['a single word', { output: 'Yes' }, 'Yes'],
		['several texts', { outputs: ['One.', 'Two: three.'] }, 'One.\nTwo: three.'],
		['words without a dot', { outputs: ['and so on '.repeat(20)] }, 'and so on '.repeat(20)],
		['a text that begins like a URL', { outputs: ['note: this is text'] }, 'note: this is text'],
		['a text that begins like a data URI', { outputs: ['Data: some, more'] }, 'Data: some, more'],
		['words with slashes', { outputs: ['他说24/7都在', 'yes/no', '3.5/5'] }, '他说24/7都在\nyes/no\n3.5/5'],
		['lines', { outputs: ['/one two\nthree'] }, '/one two\nthree'],
		['stt_result', { outputs: null, stt_result: { text: 'heard', words: [] } }, 'heard'],
		['stt_result beside its copy', { outputs: ['heard'], stt_result: { text: 'heard' } }, 'heard'],
		['a transcript that looks like base64', { outputs: [BASE64], stt_result: { text: BASE64 } }, BASE64],
		['lyrics_result', { outputs: [], lyrics_result: { song_title: 'S', lyrics: 'la la' } }, 'la la'],
		['a text field', { outputs: [], stt_result: 'heard' }, 'heard'],
	])('are text in %s', (_what, data, text) => {
		expect(of({ status: 'completed', ...data })).toMatchObject({ status: 'completed', outputs: [], text });
	});

	it('may be files and text', () => {
		expect(of({ status: 'completed', outputs: [URL_A], lyrics_result: { lyrics: 'la' } })).toMatchObject({
			outputs: [{ url: URL_A }],
			text: 'la',
		});
		expect(
			of({ status: 'completed', outputs: ['A title', URL_A], has_nsfw_contents: [true, false] }),
		).toMatchObject({ outputs: [{ url: URL_A }], text: 'A title', nsfw: [false] });
	});

	it.each([
		'javascript:alert(1)',
		'file:///etc/passwd',
		'//host/a',
		'/etc/passwd',
		'http://a b',
		'ftp://h/a.png',
		'../a',
		'cdn.example.com/a',
		'10.0.0.1:80/a',
		'outputs/a.mp4?x=1',
		'"https://h/a"',
	])('are not text if they look like the address %s', (url) =>
		expect(of({ status: 'completed', outputs: [url] })).toMatchObject({ outputs: [{ url }], text: null }),
	);

	it.each([{ stt_result: { text: '' } }, { stt_result: 7 }, { lyrics_result: {} }, { outputs: [' '] }])(
		'without files and words are a failure: %j',
		(data) => expect(of({ status: 'completed', ...data })).toMatchObject({ status: 'failed', text: null }),
	);

	it('are at most a hundred', () => {
		const outputs = Array.from({ length: 5_000 }, (_, i) => `${URL_A}?${i}`);
		expect(of({ status: 'completed', outputs })?.outputs).toHaveLength(100);
	});

	it.each([6_000_000, 128_000_000])('of %d characters in bare base64 are read', (length) => {
		const text = 'A'.repeat(length);
		expect(of({ status: 'completed', outputs: [text] })?.outputs[0]?.base64 === text).toBe(true);
		expect(of({ status: 'completed', output: `data:image/png;base64,${text}` })?.outputs).toHaveLength(1);
	});

	it('keep their flags when others are unusable', () => {
		expect(
			of({
				status: 'completed',
				outputs: ['', URL_A, null, `${URL_A}?2`, `${URL_A}?3`],
				has_nsfw_contents: [true, false, true, true],
			}),
		).toMatchObject({ status: 'completed', nsfw: [false, true, null] });
	});

	it('may be left out of a record in the history', () => {
		const record = { id: 'p1', status: 'completed' };
		const inHistory = (more: object) => toPrediction('p1', { ...record, ...more }, false);
		expect(inHistory({ has_nsfw_contents: [true] })).toMatchObject({ status: 'completed', outputs: [] });
		expect(inHistory({ outputs: null })).toMatchObject({ status: 'completed', outputs: [] });
		expect(inHistory({ outputs: [], has_nsfw_contents: [true] })?.isModerated).toBe(true);
	});

	it('are ignored while it is in progress', () => {
		expect(of({ status: 'processing', outputs: [URL_A] })).toMatchObject({
			status: 'processing',
			outputs: [],
		});
	});

	it('missing from a completed prediction is a failure', () => {
		expect(of({ status: 'completed', outputs: [] })).toMatchObject({
			status: 'failed',
			isModerated: false,
			failureReason: 'Completed without a result',
		});
	});

	it('missing and flagged not safe for work is a content block', () => {
		expect(of({ status: 'completed', outputs: [], has_nsfw_contents: [true] })).toMatchObject({
			status: 'failed',
			isModerated: true,
			failureReason: 'The result was flagged as not safe for work',
			nsfw: [true],
		});
	});
});

describe('a failure', () => {
	it.each([
		{ error_code: 1039 },
		{ error_code: '1039' },
		{ error: { code: 1039, message: 'x' } },
		{ error: 'Blocked: it violates the content policy' },
		{ error: 'InputImageSensitiveContentDetected' },
	])('by moderation is recognized by %j', (data) => {
		const prediction = of({ status: 'failed', ...data });
		expect(prediction?.isModerated).toBe(true);
		expect(failedError(prediction!)).toMatchObject({
			kind: 'moderation',
			predictionId: 'p1',
			message: expect.stringMatching(
				/^Content moderation blocked this request.*\(prediction p1\)$/,
			) as string,
		});
	});

	it.each(['OutputImageSensitiveContentDetected', 'Content moderation timed out, please try again'])(
		'by moderation is none that another try may pass: %s',
		(error) => expect(of({ status: 'failed', error })?.isModerated).toBe(false),
	);

	it('is not read from endlessly nested words', () => {
		const depth = 100_000;
		const error = JSON.parse(`${'{"error":'.repeat(depth)}"m"${'}'.repeat(depth)}`) as unknown;
		expect(of({ status: 'failed', error })).toMatchObject({ status: 'failed', failureReason: null });
	});

	it('includes the request ID and status code of its answer', () => {
		const prediction = of({ status: 'failed', error: 'm' })!;
		expect(failedError(prediction, { requestId: 'r1', statusCode: 500 })).toMatchObject({
			requestId: 'r1',
			statusCode: 500,
		});
		const blank = of({ status: 'completed' })!;
		expect(failedError(blank, { requestId: 'r1', statusCode: 200 })).toMatchObject({
			kind: 'read',
			requestId: 'r1',
			statusCode: 200,
		});
	});

	it('includes Atlas’s status when there is no reason', () => {
		expect(failedError(of({ status: 'timeout' })!).message).toBe(
			'The prediction failed: its status is "timeout" (prediction p1)',
		);
	});
});

it('reads times, price and duration as reported, and makes nothing up', () => {
	expect(
		of({
			status: 'completed',
			outputs: [URL_A],
			model: 'm',
			metrics: { predict_time: 8.3 },
			price: '0.027',
			created_at: 1_700_000_000,
			completed_at: 1_700_000_008_300,
			has_nsfw_contents: [false],
			input: { prompt: 'p', size: '1*1' },
		}),
	).toMatchObject({
		model: 'm',
		predictTimeSeconds: 8.3,
		priceUsd: 0.027,
		createdAt: '2023-11-14T22:13:20.000Z',
		completedAt: '2023-11-14T22:13:28.300Z',
		nsfw: [false],
		prompt: 'p',
		size: '1*1',
	});
	expect(
		of({ status: 'failed', completed_at: '0001-01-01T00:00:00Z', completedAt: 1_700_000_000 })?.completedAt,
	).toBe('2023-11-14T22:13:20.000Z');
	expect(of({ status: 'completed', outputs: [URL_A], price: '-1', metrics: 7, input: 'x' })).toMatchObject({
		model: null,
		prompt: null,
		size: null,
		nsfw: [null],
		failureReason: null,
		createdAt: null,
		completedAt: null,
		predictTimeSeconds: null,
		priceUsd: null,
	});
});

it.each(['a', '8f4c2a90-aa', 'pred_1.2:3', 'a'.repeat(200)])('"%s" is an id', (id) =>
	expect(isPredictionId(id)).toBe(true),
);
it.each(['', '.', '..', 'a..b', '-a', 'a/b', 'a b', 'a?b', 'a%2f', 'ä', 'a'.repeat(201), 7, null])(
	'%j is not an id',
	(id) => expect(isPredictionId(id)).toBe(false),
);

it.each([
	['Failed to download image from https://nas.example.com/a.png', /HTTP Request/],
	['images[0]: cannot access file', /HTTP Request/],
	['invalid image_url', /HTTP Request/],
	['Error while connecting: timeout, url https://nas.example.com/a.png', /HTTP Request/],
	['The image could not be read', /HTTP Request/],
	['image_url: the image is too small', /^Change the prompt or the input files/],
	['image generation failed', /^Change the prompt or the input files/],
	['internal error', /^Change the prompt or the input files/],
])('a prediction that failed because of "%s" comes with advice that can work', (error, advice) => {
	expect(failedError(of({ status: 'failed', error })!).description).toMatch(advice);
});
