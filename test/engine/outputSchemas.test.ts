import type { IDataObject, INodeProperties } from 'n8n-workflow';
import { AtlasCloudModels } from '../../nodes/AtlasCloud/AtlasCloudModels/AtlasCloudModels.node';
import { OUTPUT_SCHEMAS, schemaPath } from '../../nodes/AtlasCloud/outputSchemas';
import { SeedreamEdit } from '../../nodes/AtlasCloud/SeedreamEdit/SeedreamEdit.node';
import { SPEECH, VIDEO } from '../sandbox/mediaModels';
import { models, parametersOf, type ModelOptions } from './models';
import { predictionOf, runSeedream, sandbox, succeed, useOneSandbox } from './seedream';
import { hostTrigger } from './triggerHost';
import { virtualTime } from './virtualTime';

type Schema = (typeof OUTPUT_SCHEMAS)[string][string];
type JsonSchema = Pick<Schema, 'type' | 'properties' | 'items'>;

/** Where a value is not what the schema says. What is null in this output may be anything in another. */
function deviations(value: unknown, schema: JsonSchema, path: string): string[] {
	if (value === null) return [];
	if (Array.isArray(value)) {
		if (schema.type !== 'array' || !schema.items) return [`${path} is an array`];
		const { items } = schema;
		return value.flatMap((entry, i) => deviations(entry, items, `${path}[${i}]`));
	}
	if (typeof value !== schema.type) return [`${path} is a ${typeof value}`];
	if (typeof value !== 'object') return [];
	const properties = schema.properties ?? {};
	// Atlas's own record may have anything.
	if (path === 'json.raw') return [];
	return [
		...Object.keys(properties)
			.filter((name) => !(name in value))
			.map((name) => `${path}.${name} is missing`),
		...Object.entries(value).flatMap(([name, inner]) =>
			properties[name]
				? deviations(inner, properties[name], `${path}.${name}`)
				: [`${path}.${name} is extra`],
		),
	];
}

function expectMatch(items: IDataObject[], node: string, operation: string): void {
	expect(items.length).toBeGreaterThan(0);
	const schema = OUTPUT_SCHEMAS[node]?.[operation];
	expect(schema).toBeDefined();
	for (const json of items) {
		expect(deviations(json, schema as JsonSchema, 'json')).toEqual([]);
		expect(Object.keys(json)).toEqual(Object.keys(schema?.properties ?? {}));
	}
}

/** `resource/operation` of all operations that a panel offers. */
function operationsOf(properties: INodeProperties[]): string[] {
	return properties
		.filter(({ name }) => name === 'operation')
		.flatMap(({ displayOptions, options = [] }) => {
			const [resource] = displayOptions?.show?.resource ?? [];
			return options.map((option) => `${String(resource)}/${String('value' in option && option.value)}`);
		});
}

useOneSandbox({ webhooks: { allowLoopback: true } });

describe('the output schemas', () => {
	it.each([new SeedreamEdit(), new AtlasCloudModels()])(
		'cover every operation of $description.name',
		(node) => {
			const schemas = OUTPUT_SCHEMAS[node.constructor.name] ?? {};
			expect(Object.keys(schemas).sort()).toEqual(operationsOf(node.description.properties).sort());
		},
	);

	it('lie where n8n looks for them', () => {
		expect(schemaPath('image/edit')).toBe('__schema__/v1.0.0/image/edit.json');
		expect(schemaPath('')).toBe('__schema__/v1.0.0.json');
	});
});

const image = { model: 'bytedance/seedream-v5.0-lite', inputs: { prompt: 'a red fox' } };

/** Calls of each operation that needs no prediction. */
const CALLS: Record<string, Record<string, ModelOptions>> = {
	SeedreamEdit: {
		'image/edit': {},
		'image/upload': {},
		'prediction/quote': {},
		'prediction/submit': {},
		'prediction/getAll': {},
	},
	AtlasCloudModels: {
		'image/generate': image,
		'video/generate': { ...image, model: VIDEO.text },
		'audio/generate': { model: SPEECH, inputs: { text: 'Good morning.' } },
		'model/run': image,
		'prediction/quote': image,
		'prediction/submit': image,
		'prediction/getAll': {},
	},
};

describe.each(Object.entries(CALLS))('%s returns what its schema says', (node, calls) => {
	const returned = async (name: string, call: ModelOptions & { predictionId?: string } = {}) => {
		const [resource, operation] = name.split('/');
		const ofOperation = { ...call, resource, operation };
		const options =
			node === 'SeedreamEdit'
				? { parameters: ofOperation }
				: { ...models, items: [{}], parameters: parametersOf(ofOperation) };
		const parameters = { ...options.parameters, simplify: true };
		const { json } = await succeed({ ...options, parameters });
		return json;
	};

	it.each(Object.entries(calls))('%s', async (operation, call) => {
		expectMatch(await returned(operation, call), node, operation);
	});

	it.each(['prediction/waitForCompletion', 'prediction/get'])('%s', async (operation) => {
		const [submitted] = await returned('prediction/submit', calls['prediction/submit']);
		const predictionId = String(submitted?.predictionId);
		expectMatch(await returned(operation, { predictionId }), node, operation);
	});
});

it('Atlas Cloud Trigger returns what its schema says', async () => {
	const host = await hostTrigger({ sandbox });
	try {
		const { json } = await runSeedream({
			parameters: { resource: 'prediction', operation: 'submit', options: { webhookUrl: host.url } },
		});
		expect(predictionOf(sandbox, json[0])).toBeDefined();
		while (host.statuses.length === 0) await virtualTime.sleepMs(50);
		expectMatch(
			host.executions.flat().map((item) => item.json),
			'AtlasCloudTrigger',
			'',
		);
	} finally {
		host.close();
	}
});
