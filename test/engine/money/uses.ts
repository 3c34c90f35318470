import type { INodeType } from 'n8n-workflow';
import type { Endpoint } from '../../../sandbox';
import { MESH, TRANSCRIPT, VIDEO } from '../../sandbox/mediaModels';
import { models, parametersOf, type ModelOptions } from '../models';

/** One way to use a node, and the requests it makes. */
export interface Use {
	name: string;
	/** Undefined for Seedream Edit. */
	node?: INodeType;
	parameters: Record<string, unknown>;
	items: 'binary' | 'threeFiles' | 'sound' | 'url' | 'predictionId' | 'none';
	/**
	 * Where faults strike: all that there are, or one of each kind that the code tells apart, where another use goes
	 * through the same code.
	 */
	endpoints: Partial<Record<Endpoint, 'all' | 'some'>>;
	/** Purchases that it buys. */
	wanted: 0 | 1;
	/** Lets every submit's answer be lost, so that the history is looked at. */
	losesAnswer?: boolean;
	/** It reads a prediction once, instead of waiting for it. */
	isGet?: boolean;
	/** Results that no other answer is like strike it, too: all, or one of each kind. */
	results?: 'all' | 'some';
}

export const TIMEOUT_MS = 100_000;

export const OPTIONS = { timeoutSeconds: TIMEOUT_MS / 1_000 };

const EDIT_USES: Use[] = [
	{
		name: 'edit a file',
		parameters: { resource: 'image', operation: 'edit', options: OPTIONS },
		items: 'binary',
		endpoints: { upload: 'all', submit: 'all', prediction: 'all', file: 'all' },
		wanted: 1,
		results: 'all',
	},
	{
		name: 'edit a URL, its answer lost',
		parameters: { resource: 'image', operation: 'edit', size: '1024*1024', options: OPTIONS },
		items: 'url',
		endpoints: { history: 'all' },
		wanted: 1,
		losesAnswer: true,
	},
	{
		name: 'edit with a model of the catalog',
		parameters: {
			resource: 'image',
			operation: 'edit',
			model: 'bytedance/seedream-v4.5/edit',
			size: '2048*2048',
			options: OPTIONS,
		},
		items: 'url',
		endpoints: { models: 'some', schema: 'some' },
		wanted: 1,
	},
	{
		name: 'edit three files',
		parameters: {
			resource: 'image',
			operation: 'edit',
			images: 'first, second, third',
			options: OPTIONS,
		},
		items: 'threeFiles',
		endpoints: {},
		wanted: 1,
	},
	{
		name: 'upload',
		parameters: { resource: 'image', operation: 'upload' },
		items: 'binary',
		endpoints: { upload: 'some' },
		wanted: 0,
	},
	{
		name: 'get a quote',
		parameters: { resource: 'prediction', operation: 'quote', options: {} },
		items: 'binary',
		endpoints: { quote: 'all' },
		wanted: 0,
	},
	{
		name: 'edit with a cost limit',
		parameters: { resource: 'image', operation: 'edit', options: { ...OPTIONS, maxCostUsd: 0.027 } },
		items: 'binary',
		endpoints: { quote: 'some' },
		wanted: 1,
	},
	{
		name: 'submit',
		parameters: { resource: 'prediction', operation: 'submit', options: {} },
		items: 'binary',
		endpoints: { upload: 'some', submit: 'some' },
		wanted: 1,
	},
	{
		name: 'wait for completion',
		parameters: { resource: 'prediction', operation: 'waitForCompletion', options: OPTIONS },
		items: 'predictionId',
		endpoints: { prediction: 'some', file: 'some' },
		wanted: 0,
	},
	{
		name: 'get',
		parameters: { resource: 'prediction', operation: 'get', options: {} },
		items: 'predictionId',
		endpoints: { prediction: 'all', file: 'some' },
		wanted: 0,
		isGet: true,
	},
	{
		name: 'get many',
		parameters: { resource: 'prediction', operation: 'getAll', returnAll: false, limit: 3 },
		items: 'none',
		endpoints: { history: 'all' },
		wanted: 0,
	},
];

/** A use of Atlas Cloud Models. */
function modelUse(call: ModelOptions, use: Omit<Use, 'parameters' | 'node'>): Use {
	const given = parametersOf({ resource: 'video', downloadFiles: true, options: OPTIONS, ...call });
	return { ...models, ...use, name: `models: ${use.name}`, parameters: given };
}

const prompt = '={{ $json.prompt }}';
const OF_URL = { image: '={{ $json.url }}', prompt };

const MODEL_USES: Use[] = [
	modelUse(
		{ model: VIDEO.image, inputs: { image: 'first', last_image: 'second', prompt } },
		{
			name: 'a video of two files',
			items: 'threeFiles',
			endpoints: { submit: 'some', prediction: 'some', file: 'some' },
			wanted: 1,
			results: 'some',
		},
	),
	modelUse(
		{ resource: 'model', operation: 'run', model: VIDEO.image, inputs: OF_URL },
		{
			name: 'run any model',
			items: 'url',
			endpoints: { models: 'some', schema: 'some', submit: 'some' },
			wanted: 1,
		},
	),
	modelUse(
		{ model: VIDEO.image, inputs: OF_URL },
		{ name: 'a video of a URL', items: 'url', endpoints: { models: 'all', schema: 'all' }, wanted: 1 },
	),
	modelUse(
		{ model: VIDEO.image, inputs: OF_URL },
		{
			name: 'a video, its answer lost',
			items: 'url',
			endpoints: { history: 'some' },
			wanted: 1,
			losesAnswer: true,
		},
	),
	modelUse(
		{ model: VIDEO.reference, inputs: { prompt, reference_images: 'first, second, third' } },
		{
			name: 'a video of a list',
			items: 'threeFiles',
			endpoints: { submit: 'some' },
			wanted: 1,
		},
	),
	modelUse(
		{ resource: 'audio', model: TRANSCRIPT, inputs: { audio_url: 'data' } },
		{ name: 'a text', items: 'sound', endpoints: { submit: 'some', prediction: 'some' }, wanted: 1 },
	),
	modelUse(
		{ resource: 'image', model: MESH, inputs: { image: 'data' } },
		{ name: 'several files', items: 'binary', endpoints: { file: 'some' }, wanted: 1 },
	),
	modelUse(
		{
			resource: 'prediction',
			operation: 'quote',
			model: VIDEO.image,
			inputs: { image: 'data', prompt },
			options: {},
		},
		{ name: 'a quote', items: 'binary', endpoints: { quote: 'some' }, wanted: 0 },
	),
	modelUse(
		{ model: VIDEO.image, inputs: { image: 'data', prompt }, options: { ...OPTIONS, maxCostUsd: 0.222 } },
		{ name: 'a video with a cost limit', items: 'binary', endpoints: { quote: 'some' }, wanted: 1 },
	),
	modelUse(
		{
			resource: 'prediction',
			operation: 'submit',
			model: VIDEO.image,
			inputs: { image: 'data', prompt },
			options: {},
		},
		{ name: 'submit', items: 'binary', endpoints: { upload: 'some', submit: 'some' }, wanted: 1 },
	),
	modelUse(
		{ resource: 'prediction', operation: 'waitForCompletion' },
		{
			name: 'wait for completion',
			items: 'predictionId',
			endpoints: { prediction: 'some', file: 'some' },
			wanted: 0,
		},
	),
	modelUse(
		{ resource: 'prediction', operation: 'get', options: {} },
		{
			name: 'get',
			items: 'predictionId',
			endpoints: { prediction: 'some', file: 'some' },
			wanted: 0,
			isGet: true,
		},
	),
];

export const USES: Use[] = [...EDIT_USES, ...MODEL_USES];
