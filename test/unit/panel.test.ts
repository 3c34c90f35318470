import {
	Workflow,
	type INode,
	type INodeParameters,
	type INodeProperties,
	type INodeTypes,
} from 'n8n-workflow';
import { PROMPT_TEMPLATES } from '../../nodes/AtlasCloud/SeedreamEdit/promptTemplates';
import { SeedreamEdit } from '../../nodes/AtlasCloud/SeedreamEdit/SeedreamEdit.node';
import { V4_EDIT, V5_LITE_EDIT } from '../../nodes/AtlasCloud/api/models/seedream';
import { panelOf } from './shownPanel';

const { description, complete, shows, visible } = panelOf(new SeedreamEdit());
const namesOf = (properties: INodeProperties[]) => properties.map(({ name }) => name);
const model = (value: string, mode = 'list') => ({ __rl: true, mode, value });

const OTHER = 'bytedance/seedream-v9/edit';
const BY_EXPRESSION = '={{ $json.model }}';
const MODELS: Array<[string, INodeParameters['model'], RegExp | null]> = [
	['none chosen yet', undefined, /^matchInput( \d+\*\d+){16}$/],
	['v5.0 Lite by list', model(V5_LITE_EDIT), /^matchInput( \d+\*\d+){16}$/],
	['v5.0 Lite by id', model(V5_LITE_EDIT, 'id'), /^matchInput( \d+\*\d+){16}$/],
	['v5.0 Lite sequential', model(`${V5_LITE_EDIT}-sequential`), /^matchInput( \d+\*\d+){16}$/],
	['v4 by list', model(V4_EDIT), /^matchInput custom 1024\*1024 .*4096\*4096$/],
	['v4 by id', model(V4_EDIT, 'id'), /^matchInput custom 1024\*1024 .*4096\*4096$/],
	['v4 sequential', model(`${V4_EDIT}-sequential`), /^matchInput custom 1024\*1024 .*4096\*4096$/],
	['another model by id', model(OTHER, 'id'), /^getSizes$/],
	['an expression as id', model(BY_EXPRESSION, 'id'), /^getSizes$/],
	['an expression in list mode', model(BY_EXPRESSION), /^getSizes$/],
];
const SUBMITTING: INodeParameters[] = [
	{ resource: 'image', operation: 'edit' },
	{ resource: 'prediction', operation: 'submit' },
	{ resource: 'prediction', operation: 'quote' },
];
const EDIT = SUBMITTING[0];

const ASKED = ['model', 'promptTemplate', 'prompt', 'images', 'numberOfImages', 'size'];

describe.each(MODELS)('with %s as the model', (_name, value, sizes) => {
	const chosen: INodeParameters = value === undefined ? {} : { model: value };

	it.each(SUBMITTING)('$operation shows one Size, with what the model offers', (operation) => {
		const shown = visible({ ...operation, ...chosen }).filter(({ name }) => name === 'size');
		expect(shown).toHaveLength(1);
		const values = (shown[0]?.options ?? []).map((option) => ('value' in option ? option.value : ''));
		const offered = shown[0]?.typeOptions?.loadOptionsMethod ?? values.join(' ');
		expect(offered).toMatch(sizes ?? /$/);
		expect(shown[0]?.default).toBe('matchInput');
		expect(complete({ ...operation, ...chosen }).size).toBe('matchInput');
	});

	it('each operation shows its own fields, in order', () => {
		const of = (resource: string, operation: string) =>
			namesOf(visible({ resource, operation, ...chosen })).slice(2);
		expect(of('image', 'edit')).toEqual([...ASKED, 'simplify', 'options']);
		expect(of('prediction', 'submit')).toEqual([...ASKED, 'options']);
		expect(of('prediction', 'quote')).toEqual([...ASKED, 'options']);
		expect(of('image', 'upload')).toEqual(['images', 'options']);
		expect(of('prediction', 'waitForCompletion')).toEqual(['predictionId', 'simplify', 'options']);
		expect(of('prediction', 'get')).toEqual(['predictionId', 'simplify', 'options']);
		expect(of('prediction', 'getAll')).toEqual(['returnAll', 'limit', 'simplify', 'filters']);
	});

	it('a size that was chosen is kept', () => {
		expect(complete({ ...EDIT, ...chosen, size: '2048*2048' }).size).toBe('2048*2048');
	});
});

it('fields by expression are shown for their own operation only', () => {
	const left = {
		model: model(BY_EXPRESSION, 'id'),
		size: BY_EXPRESSION,
		images: BY_EXPRESSION,
		simplify: BY_EXPRESSION,
		returnAll: BY_EXPRESSION,
	};
	for (const property of description.properties) {
		const { show } = property.displayOptions ?? {};
		if (!show?.operation) continue;
		for (const [resource, operation] of [
			['image', 'upload'],
			['image', 'edit'],
			['prediction', 'get'],
			['prediction', 'getAll'],
		]) {
			const isOwn = show.resource?.includes(resource) && show.operation.includes(operation);
			const values = { ...left, resource, operation, promptTemplate: 'none', predictionId: 'x' };
			const isShown = shows(values, property);
			if (!isOwn) expect([property.name, operation, isShown]).toEqual([property.name, operation, false]);
		}
	}
});

describe('Size', () => {
	it('Custom asks for width and height', () => {
		const shown = namesOf(visible({ ...EDIT, model: model(V4_EDIT), size: 'custom' }));
		const start = shown.indexOf('size');
		expect(shown.slice(start, start + 4)).toEqual(['size', 'width', 'height', 'sizeNotice']);
	});

	it.each([
		['2048*2048', true],
		['2K 16:9', true],
		['matchInput', false],
		['2K', false],
		['1.5k', false],
		['2K auto', false],
		['auto', false],
		['2K adaptive', false],
		['={{ $json.size }}', false],
	])('%s shows the notice that it changes the shape: %s', (size, isShown) => {
		expect(namesOf(visible({ ...EDIT, size })).includes('sizeNotice')).toBe(isShown);
	});
});

describe.each(SUBMITTING)('Prompt Template of $operation', (operation) => {
	it.each(PROMPT_TEMPLATES)('$name shows its notice and its fields', ({ value, fields }) => {
		const shown = visible({ ...operation, promptTemplate: value });
		const names = namesOf(shown);
		const start = names.indexOf('promptTemplate');
		const expected = [`${value}Notice`, ...fields.map(({ name }) => name), 'prompt'];
		expect(names.slice(start + 1, start + 1 + expected.length)).toEqual(expected);
		expect(names.filter((name) => name === 'prompt')).toHaveLength(1);
		const prompt = shown.find(({ name }) => name === 'prompt');
		expect(prompt?.required).toBeUndefined();
		expect(prompt?.displayName).toBe('Additional Instructions');
	});

	it('None shows nothing but Prompt, which is required', () => {
		const shown = visible({ ...operation, promptTemplate: 'none' });
		expect(namesOf(shown).filter((name) => /^template|Notice$/.test(name))).toEqual([]);
		const prompts = shown.filter(({ name }) => name === 'prompt');
		expect(prompts).toHaveLength(1);
		expect(prompts[0]?.required).toBe(true);
	});

	it('what is typed into Prompt stays when a template is chosen', () => {
		const typed = complete({ ...operation, promptTemplate: 'restyle', prompt: 'no people' });
		expect(typed.prompt).toBe('no people');
		expect(complete({ ...typed, promptTemplate: 'none' }).prompt).toBe('no people');
	});
});

it('keeps an option that was chosen for another model: the node refuses it, n8n would drop it', () => {
	const options = { background: 'transparent', outputFormat: 'png' };
	expect(complete({ ...EDIT, model: model(V4_EDIT), options }).options).toEqual(options);
});

it('simplifies unless it is told not to', () => expect(complete(EDIT).simplify).toBe(true));

it('names the default model with its price, and leaves room for it', () => {
	const [field] = visible(EDIT).filter(({ name }) => name === 'model');
	expect(field?.default).toEqual({
		mode: 'list',
		value: V5_LITE_EDIT,
		cachedResultName: 'Seedream v5.0 Lite · $0.032 per image',
	});
});

it('shows options in the order in which people want them', () => {
	const ORDER =
		'outputFormat background maxCostUsd reuseHours maxEdits downloadImages outputDataFieldName keepInputImage includeInputFields timeoutSeconds onTimeout webhookUrl keepOnAtlasHours extraBodyFields resubmitUnknown concurrency maxDownloadMb'.split(
			' ',
		);
	for (const { name, options } of description.properties) {
		if (name !== 'options') continue;
		const names = (options ?? []).map((option) => option.name);
		expect(names).toEqual(ORDER.filter((one) => names.includes(one)));
		expect(names.length).toBeGreaterThan(1);
	}
});

const types: INodeTypes = {
	getByName: () => new SeedreamEdit(),
	getByNameAndVersion: () => new SeedreamEdit(),
	getKnownTypes: () => ({}),
};
const subtitleOf = (parameters: INodeParameters) => {
	const one: INode = {
		id: '1',
		name: 'Node',
		type: 'seedreamEdit',
		typeVersion: 1,
		position: [0, 0],
		parameters: complete(parameters),
	};
	const workflow = new Workflow({ nodes: [one], connections: {}, active: false, nodeTypes: types });
	return workflow.expression.getSimpleParameterValue(one, description.subtitle, 'manual', {});
};

it.each<[INodeParameters, string]>([
	[EDIT, 'edit: v5.0 Lite'],
	[{ ...EDIT, model: model(`${V5_LITE_EDIT}-sequential`) }, 'edit: v5.0 Lite Sequential'],
	[{ ...SUBMITTING[1], model: model(V4_EDIT, 'id') }, 'submit: v4'],
	[{ resource: 'image', operation: 'upload' }, 'upload'],
	[{ resource: 'prediction', operation: 'waitForCompletion' }, 'wait for completion'],
	[{ resource: 'prediction', operation: 'get' }, 'get'],
	[{ resource: 'prediction', operation: 'getAll' }, 'get many'],
	[{ resource: 'prediction', operation: 'quote' }, 'get quote: v5.0 Lite'],
])('the line under the node’s name of %j is "%s"', (parameters, wanted) => {
	expect(subtitleOf(parameters)).toBe(wanted);
});
