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

/** A use of Seedream Edit. */
function editUse(
	name: string,
	resource: string,
	operation: string,
	{ items, endpoints, parameters, ...more }: Partial<Use> & Pick<Use, 'items' | 'endpoints'>,
): Use {
	const wanted = ['edit', 'submit'].includes(operation) ? 1 : 0;
	const options = operation === 'edit' || operation === 'waitForCompletion' ? OPTIONS : {};
	return {
		name,
		parameters: { resource, operation, options, ...parameters },
		items,
		endpoints,
		wanted,
		...more,
	};
}

const ALL_OF_AN_EDIT: Use['endpoints'] = { upload: 'all', submit: 'all', prediction: 'all', file: 'all' };

const EDIT_USES: Use[] = [
	editUse('edit a file', 'image', 'edit', { items: 'binary', endpoints: ALL_OF_AN_EDIT, results: 'all' }),
	editUse('edit a URL, its answer lost', 'image', 'edit', {
		items: 'url',
		endpoints: { history: 'all' },
		parameters: { size: '1024*1024' },
		losesAnswer: true,
	}),
	editUse('edit with a model of the catalog', 'image', 'edit', {
		items: 'url',
		endpoints: { models: 'some', schema: 'some' },
		parameters: { model: 'bytedance/seedream-v4.5/edit', size: '2048*2048' },
	}),
	editUse('edit three files', 'image', 'edit', {
		items: 'threeFiles',
		endpoints: {},
		parameters: { images: 'first, second, third' },
	}),
	editUse('edit with a cost limit', 'image', 'edit', {
		items: 'binary',
		endpoints: { quote: 'some' },
		parameters: { options: { ...OPTIONS, maxCostUsd: 0.027 } },
	}),
	editUse('upload', 'image', 'upload', { items: 'binary', endpoints: { upload: 'some' } }),
	editUse('get a quote', 'prediction', 'quote', { items: 'binary', endpoints: { quote: 'all' } }),
	editUse('submit', 'prediction', 'submit', {
		items: 'binary',
		endpoints: { upload: 'some', submit: 'some' },
	}),
	editUse('wait for completion', 'prediction', 'waitForCompletion', {
		items: 'predictionId',
		endpoints: { prediction: 'some', file: 'some' },
	}),
	editUse('get', 'prediction', 'get', {
		items: 'predictionId',
		endpoints: { prediction: 'all', file: 'some' },
		isGet: true,
	}),
	editUse('get many', 'prediction', 'getAll', {
		items: 'none',
		endpoints: { history: 'all' },
		parameters: { returnAll: false, limit: 3 },
	}),
];

/** A use of Atlas Cloud Models. */
function modelUse(
	name: string,
	call: ModelOptions,
	items: Use['items'],
	endpoints: Use['endpoints'],
	more: Partial<Use> = {},
): Use {
	const parameters = parametersOf({ resource: 'video', downloadFiles: true, options: OPTIONS, ...call });
	const wanted = call.model && call.operation !== 'quote' ? 1 : 0;
	return { ...models, name: `models: ${name}`, parameters, items, endpoints, wanted, ...more };
}

const prompt = '={{ $json.prompt }}';
const OF_URL = { image: '={{ $json.url }}', prompt };
const OF_FILE = { image: 'data', prompt };
const ofVideo = (inputs: object, more: ModelOptions = {}) => ({ model: VIDEO.image, inputs, ...more });
const ofPrediction = (operation: string) => ({ resource: 'prediction', operation });

const MODEL_USES: Use[] = [
	modelUse(
		'a video of two files',
		ofVideo({ image: 'first', last_image: 'second', prompt }),
		'threeFiles',
		{ submit: 'some', prediction: 'some', file: 'some' },
		{ results: 'some' },
	),
	modelUse('run any model', ofVideo(OF_URL, { resource: 'model', operation: 'run' }), 'url', {
		models: 'some',
		schema: 'some',
		submit: 'some',
	}),
	modelUse('a video of a URL', ofVideo(OF_URL), 'url', { models: 'all', schema: 'all' }),
	modelUse('a video, its answer lost', ofVideo(OF_URL), 'url', { history: 'some' }, { losesAnswer: true }),
	modelUse(
		'a video of a list',
		{ model: VIDEO.reference, inputs: { prompt, reference_images: 'first, second, third' } },
		'threeFiles',
		{ submit: 'some' },
	),
	modelUse('a text', { resource: 'audio', model: TRANSCRIPT, inputs: { audio_url: 'data' } }, 'sound', {
		submit: 'some',
		prediction: 'some',
	}),
	modelUse('several files', { resource: 'image', model: MESH, inputs: { image: 'data' } }, 'binary', {
		file: 'some',
	}),
	modelUse('a quote', ofVideo(OF_FILE, { ...ofPrediction('quote'), options: {} }), 'binary', {
		quote: 'some',
	}),
	modelUse(
		'a video with a cost limit',
		ofVideo(OF_FILE, { options: { ...OPTIONS, maxCostUsd: 0.222 } }),
		'binary',
		{ quote: 'some' },
	),
	modelUse('submit', ofVideo(OF_FILE, { ...ofPrediction('submit'), options: {} }), 'binary', {
		upload: 'some',
		submit: 'some',
	}),
	modelUse('wait for completion', ofPrediction('waitForCompletion'), 'predictionId', {
		prediction: 'some',
		file: 'some',
	}),
	modelUse(
		'get',
		{ ...ofPrediction('get'), options: {} },
		'predictionId',
		{ prediction: 'some', file: 'some' },
		{ isGet: true },
	),
];

export const USES: Use[] = [...EDIT_USES, ...MODEL_USES];
