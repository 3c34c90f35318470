import {
	type ICredentialDataDecryptedObject,
	type IHttpRequestOptions,
	type ILoadOptionsFunctions,
} from 'n8n-workflow';
import { request } from 'undici';
import { AtlasCloudModels } from '../../nodes/AtlasCloud/AtlasCloudModels/AtlasCloudModels.node';
import { searchModels, getModelFields } from '../../nodes/AtlasCloud/AtlasCloudModels/resourceMapping';
import { searchModels as searchSeedream } from '../../nodes/AtlasCloud/SeedreamEdit/operations';
import { startSandbox, type Sandbox } from '../../sandbox';
import { SPEECH, VIDEO } from '../sandbox/mediaModels';
import { panelOf } from './shownPanel';

const { description, visible } = panelOf(new AtlasCloudModels());

let sandbox: Sandbox;
beforeAll(async () => (sandbox = await startSandbox()));
afterAll(async () => await sandbox.close());

/** As much of n8n as the panel's lists need. */
function contextOf(
	parameters: Record<string, unknown>,
	credentials: ICredentialDataDecryptedObject = { apiKey: sandbox.apiKey, baseUrl: sandbox.baseUrl },
): ILoadOptionsFunctions {
	const context = {
		getCredentials: async () => await Promise.resolve(credentials),
		getCurrentNodeParameter: (name: string) => parameters[name],
		helpers: {
			httpRequest: async ({ url, headers }: IHttpRequestOptions) =>
				await request(url, { headers: headers as Record<string, string> }),
		},
	};
	return context as unknown as ILoadOptionsFunctions;
}

describe('the panel', () => {
	it.each<[string, string, string[]]>([
		['image', 'generate', ['model', 'inputMode', 'mediaNotice', 'modelInputs', 'simplify', 'options']],
		['video', 'generate', ['model', 'inputMode', 'mediaNotice', 'modelInputs', 'simplify', 'options']],
		['audio', 'generate', ['model', 'inputMode', 'mediaNotice', 'modelInputs', 'simplify', 'options']],
		['model', 'run', ['model', 'inputMode', 'mediaNotice', 'modelInputs', 'simplify', 'options']],
		['prediction', 'submit', ['model', 'inputMode', 'mediaNotice', 'modelInputs', 'options']],
		['prediction', 'waitForCompletion', ['predictionId', 'simplify', 'options']],
		['prediction', 'get', ['predictionId', 'simplify', 'options']],
		['prediction', 'getAll', ['returnAll', 'limit', 'simplify', 'filters']],
	])('of %s: %s shows its own fields', (resource, operation, fields) => {
		expect(
			visible({ resource, operation })
				.slice(2)
				.map(({ name }) => name),
		).toEqual(fields);
	});

	it('shows one field for JSON in place of the model’s fields', () => {
		const panel = visible({ resource: 'image', operation: 'generate', inputMode: 'json' });
		const shown = panel.map(({ name }) => name);
		expect(shown).toContain('modelInputsJson');
		expect(shown).not.toContain('modelInputs');
	});

	it('has its own defaults in Options', () => {
		const defaults = (resource: string) => {
			const options = description.properties.find(
				({ name, displayOptions }) =>
					name === 'options' && displayOptions?.show?.resource?.includes(resource),
			);
			return Object.fromEntries(
				(options?.options ?? []).map((one) => [one.name, 'default' in one ? one.default : undefined]),
			);
		};
		expect(defaults('image')).toMatchObject({
			timeoutSeconds: 300,
			maxDownloadMb: 1_000,
			maxPredictions: 50,
		});
		expect(defaults('video')).toMatchObject({ timeoutSeconds: 1_800 });
		expect(Object.keys(defaults('image'))).not.toEqual(expect.arrayContaining(['maxEdits']));
	});
});

describe('the list of models', () => {
	const search = async (resource: string, filter?: string) =>
		(await searchModels.call(contextOf({ resource }), filter)).results;

	it('holds those of the resource’s type, with price and unit', async () => {
		const results = await search('audio');
		expect(results).toContainEqual({
			name: 'Speak 3 Text to Speech · from $0.05 per 1,000 characters',
			value: SPEECH,
			url: `https://www.atlascloud.ai/models/${SPEECH}`,
		});
		expect(results.map(({ value }) => value)).not.toContain(VIDEO.text);
	});

	it('of Any Model and Prediction holds all media models, and no text models', async () => {
		for (const resource of ['model', 'prediction']) {
			const ids = (await search(resource)).map(({ value }) => value);
			expect(ids).toEqual(expect.arrayContaining([SPEECH, VIDEO.text, 'bytedance/seedream-v4']));
			expect(ids).not.toContain('harbor/gull-4-chat');
		}
	});
});

describe('the fields of a model', () => {
	const fieldsOf = async (model: unknown) => await getModelFields.call(contextOf({ model }));
	const locator = (value: string) => ({ __rl: true, mode: 'list', value });

	it('come in order, with their types, choices and defaults; hidden ones are left out', async () => {
		const { fields } = await fieldsOf(locator(VIDEO.reference));
		expect(fields.map(({ id }) => id)).toEqual([
			'prompt',
			'reference_images',
			'reference_videos',
			'reference_audios',
			'duration',
			'ratio',
			'resolution',
			'generate_audio',
			'return_last_frame',
			'seed',
		]);
		const field = (id: string) => fields.find((one) => one.id === id);
		expect(field('prompt')).toMatchObject({ displayName: 'Prompt', type: 'string', required: true });
		expect(field('reference_images')).toMatchObject({ type: 'string', required: false });
		expect(field('duration')).toMatchObject({ type: 'number', defaultValue: 5 });
		expect(field('generate_audio')).toMatchObject({ type: 'boolean', defaultValue: true });
		expect(field('resolution')).toMatchObject({
			type: 'options',
			defaultValue: '720p',
			options: ['480p', '720p', '1080p'].map((value) => ({ name: value, value })),
		});
	});

	it.each<[string, object]>([
		[VIDEO.text, { prompt: 'Prompt', duration: 'Duration (4–12)', seed: 'Seed' }],
		[VIDEO.image, { image: 'Image' }],
		[SPEECH, { speed: 'Speed (0.5–2)' }],
	])('of %s name their ranges', async (model, titles) => {
		const { fields } = await fieldsOf(locator(model));
		expect(Object.fromEntries(fields.map(({ id, displayName }) => [id, displayName]))).toMatchObject(titles);
	});

	it.each<[string, string[], object]>([
		[VIDEO.text, ['prompt'], {}],
		[VIDEO.image, ['image'], { image: 'data' }],
	])(
		'of %s: what is required comes first, and the first file is the item’s',
		async (model, first, preset) => {
			const { fields } = await fieldsOf(locator(model));
			const required = fields.filter(({ required }) => required);
			expect(required.map(({ id }) => id)).toEqual(first);
			expect(fields.slice(0, first.length)).toEqual(required);
			const media = fields.filter(({ defaultValue }) => defaultValue === 'data');
			expect(Object.fromEntries(media.map(({ id, defaultValue }) => [id, defaultValue]))).toEqual(preset);
		},
	);

	it('take no sample for a file: it would be bought', async () => {
		const Input = { properties: { image: { type: 'string', default: 'https://example.com/sample.png' } } };
		const body = { components: { schemas: { Input } } };
		sandbox.addFault({ endpoint: 'schema', action: { type: 'status', status: 200, body } });
		const { fields } = await fieldsOf(locator(VIDEO.image));
		expect(fields).toMatchObject([{ id: 'image' }]);
		expect(fields[0]).not.toHaveProperty('defaultValue');
	});

	it('are asked for by a credential, where there is none', async () => {
		const context = {
			...contextOf({ model: locator(VIDEO.text) }),
			getCredentials: async () => await Promise.reject(new Error('none')),
		};
		const { emptyFieldsNotice } = await getModelFields.call(context as ILoadOptionsFunctions);
		expect(emptyFieldsNotice).toBe('Select a credential above to see the fields of the model.');
	});

	it.each<[unknown, RegExp]>([
		[undefined, /Select a model/],
		[locator('={{ $json.model }}'), /expression/],
		[locator('nobody/has-this'), /couldn’t be loaded/],
	])('of %j are told in a notice', async (model, notice) => {
		const { fields, emptyFieldsNotice } = await fieldsOf(model);
		expect(fields).toEqual([]);
		expect(emptyFieldsNotice).toMatch(notice);
	});
});

describe('the list of Seedream Edit', () => {
	const search = async (filter?: string, credentials?: ICredentialDataDecryptedObject) =>
		(await searchSeedream.call(contextOf({}, credentials), filter)).results;

	const KNOWN_IDS = [
		'bytedance/seedream-v5.0-lite/edit',
		'bytedance/seedream-v4/edit',
		'bytedance/seedream-v5.0-lite/edit-sequential',
		'bytedance/seedream-v4/edit-sequential',
	];

	it('lists the Seedream edit models with name, price per image, and page', async () => {
		const results = await search();
		expect(results).toContainEqual({
			name: 'Seedream v4 · $0.027 per image',
			value: 'bytedance/seedream-v4/edit',
			url: 'https://www.atlascloud.ai/models/bytedance/seedream-v4/edit',
		});
		const names = results.map(({ name }) => name);
		expect(names).toContain('v5.0 Lite Sequential · $0.032 per image');
		expect(names).toContain('Seedream v5.5 · from $0.02 per image');
		expect(results.map(({ value }) => value)).toEqual(expect.arrayContaining(KNOWN_IDS));
		for (const { value } of results) expect(value).toMatch(/\/seedream[^/]*\/edit(-sequential)?$/);
	});

	it('leaves out what Atlas hides', async () => {
		const hidden = 'harbor/seedream-hidden/edit';
		const answer = await request(`${sandbox.baseUrl}/api/v1/models`);
		expect(await answer.body.text()).toContain(hidden);
		expect((await search()).map(({ value }) => value)).not.toContain(hidden);
	});

	it.each([
		['V4', /v4/],
		[' sequential lite ', /lite\/edit-sequential$/],
		['bytedance/seedream-v4/edit-seq', /v4\/edit-sequential$/],
	])('finds by "%s"', async (filter, value) => {
		const results = await search(filter);
		expect(results.length).toBeGreaterThan(0);
		for (const result of results) expect(result.value).toMatch(value);
	});

	it.each([
		['the address does not answer', { apiKey: 'k', baseUrl: 'http://127.0.0.1:9' }],
		['the address is not allowed', { apiKey: 'k', baseUrl: 'http://example.com' }],
		['there is no address', { apiKey: 'k' }],
	])('offers the known models if the catalog can’t be had: %s', async (_name, credentials) => {
		const results = await search('', credentials);
		expect(results.map(({ value }) => value)).toEqual(KNOWN_IDS);
		expect(results[1]?.name).toBe('Seedream v4 · $0.027 per image');
		expect(await search('v5', credentials)).toHaveLength(2);
	});
});
