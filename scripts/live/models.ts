/* What the catalog and the schemas say of the Seedream edit models, and whether our defaults fit them. */
import { asArray, asNumber, asObject, asString, parseJson } from '../../nodes/AtlasCloud/api/json';
import { objectsIn, type LiveApi } from './api';
import { factsOf, type Fact } from './facts';
import { quote } from './prediction';

type Properties = Record<string, Record<string, unknown>>;

const SIZE_FIELDS = ['size', 'image_size', 'resolution', 'aspect_ratio'];

/** What the node does for one model with nothing but a photo and a prompt: its quote, or its error. */
export type TryDefaults = (model: string) => Promise<{ calculateStatus: number | null; result: string }>;

export async function checkModels(api: LiveApi, photoUrl: string, tryDefaults: TryDefaults): Promise<Fact[]> {
	const { json } = await api.call('/api/v1/models', { withKey: false });
	const entries = objectsIn(asObject(json)?.data);
	const shown = entries.filter((entry) => entry.display_console !== false);
	const ids = shown.map(({ model }) => String(model));
	const edits = shown.filter(({ model }) => /seedream.*edit/i.test(String(model)));
	const facts = factsOf(
		'Catalog',
		[
			'How many models are shown?',
			'about 400',
			`${shown.length}, and ${entries.length - shown.length} hidden`,
		],
		['Does an ID come twice?', 'no', new Set(ids).size === ids.length ? 'no' : 'yes'],
		[
			'Which Seedream models edit?',
			'v4, v4.5, v4.7, v5.0 Lite, v5.0 Pro',
			edits.map(({ model }) => String(model)).join(', '),
		],
		['Does `calculate` refuse a size that cannot be?', 'yes', await refusesBadSize(api, photoUrl)],
	);
	for (const entry of edits) {
		const id = String(entry.model);
		const properties = await readProperties(api, entry);
		const { calculateStatus, result } = await tryDefaults(id);
		const calculated = calculateStatus === null ? 'not asked' : String(calculateStatus);
		facts.push(
			...factsOf(
				'Seedream edit models',
				[`Size of ${id}`, '', properties ? describeSizes(properties) : 'no schema could be read'],
				[
					`Untouched defaults of the node with ${id}`,
					'accepted',
					`\`calculate\`: ${calculated}; the node: ${result}`,
				],
				[`Price of ${id}`, '', describePrice(entry)],
			),
		);
	}
	return facts;
}

/** The control: if this is let through, an accepted default proves nothing. */
async function refusesBadSize(api: LiveApi, photoUrl: string): Promise<string> {
	const body = {
		model: 'bytedance/seedream-v5.0-lite/edit',
		prompt: 'sepia',
		images: [photoUrl],
		size: '7*7',
	};
	const { answer, usd } = await quote(api, body);
	return answer.status === 200
		? `no: $${usd} for 7*7, so an accepted default proves little`
		: `yes: ${answer.status}`;
}

async function readProperties(api: LiveApi, entry: Record<string, unknown>): Promise<Properties | null> {
	const url = asString(entry.schema);
	if (!url) return null;
	const schema = asObject(parseJson((await api.file(url)).bytes.toString('utf8')));
	const schemas = asObject(asObject(schema?.components)?.schemas);
	const properties = asObject(asObject(schemas?.Input)?.properties);
	return properties ? (properties as Properties) : null;
}

function describeSizes(properties: Properties): string {
	const known = SIZE_FIELDS.filter((name) => properties[name] !== undefined);
	if (known.length === 0) return `no field for it, among ${Object.keys(properties).join(', ')}`;
	return known.map((name) => `\`${name}\`: ${describeShape(properties[name])}`).join('; ');
}

/** One of the shapes of docs/atlas-cloud-api.md: a list, a range, or plain text. */
function describeShape(property: Record<string, unknown>): string {
	const variants = [property, ...objectsIn(property.anyOf), ...objectsIn(property.oneOf)];
	const options = variants.flatMap((variant) => asArray(variant.enum)).map(String);
	const preset = property.default === undefined ? '' : `, default ${String(property.default)}`;
	if (options.length > 0) return `one of ${options.length} (${options.slice(0, 16).join(', ')})${preset}`;
	const bounds = variants
		.map(({ minimum, maximum }) => [asNumber(minimum), asNumber(maximum)])
		.find(([low, high]) => low !== null || high !== null);
	if (bounds) return `from ${bounds[0] ?? '?'} to ${bounds[1] ?? '?'}${preset}`;
	return `plain ${String(property.type ?? 'value')}${preset}${describePattern(property)}`;
}

function describePattern({ pattern, description }: Record<string, unknown>): string {
	const text = asString(pattern) ?? asString(description);
	return text ? ` (“${text.slice(0, 120)}”)` : '';
}

function describePrice({ price }: Record<string, unknown>): string {
	const { actual, origin, discount } = asObject(price) ?? {};
	const { base_price: usd, unit } = asObject(actual) ?? {};
	return `$${String(usd)} per ${String(unit ?? '(no unit)')}, origin $${String(asObject(origin)?.base_price)}, discount ${String(discount)}`;
}
