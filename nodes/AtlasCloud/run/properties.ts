import type { INodeProperties } from 'n8n-workflow';
import type { Operation, Resource } from './operation';

const optionsOf = (operations: Operation[]) =>
	operations.map(({ option }) => option).sort((a, b) => a.name.localeCompare(b.name));

/**
 * An operation's fields, shown for it alone. Resource and operation come before a field's other conditions: n8n checks
 * them in order and shows the field as soon as one is an expression.
 */
function fieldsOf(resource: string, { option, fields }: Operation): INodeProperties[] {
	return fields.map((field) => {
		const show = { resource: [resource], operation: [option.value], ...field.displayOptions?.show };
		return { ...field, displayOptions: { ...field.displayOptions, show } };
	});
}

/** Everything that the panel shows, composed from the operations. The first resource is the default. */
export function propertiesOf(resources: Resource[]): INodeProperties[] {
	const firstResource = resources[0].value;
	return [
		{
			displayName: 'Resource',
			name: 'resource',
			type: 'options',
			noDataExpression: true,
			options: resources.map(({ name, value }) => ({ name, value })),
			default: firstResource,
		},
		...resources.map(({ value, defaultOperation, operations }): INodeProperties => ({
			displayName: 'Operation',
			name: 'operation',
			type: 'options',
			noDataExpression: true,
			displayOptions: { show: { resource: [value] } },
			options: optionsOf(operations),
			default: defaultOperation,
		})),
		...resources.flatMap(({ value, operations }) =>
			operations.flatMap((operation) => fieldsOf(value, operation)),
		),
	];
}

/**
 * An expression for the line under the node's name on the canvas, such as `edit: v5.0 Lite`. It sees the model's ID, not
 * its name in the list, so the words come from there.
 * @param redundant a pattern of what these words repeat of the node's own name
 */
export function subtitleOf(resources: Resource[], redundant = /^$/): string {
	const names = Object.fromEntries(
		resources.flatMap(({ operations }) =>
			optionsOf(operations).map(({ value, name }) => [value, name.toLowerCase()]),
		),
	);
	const id = 'String($parameter["model"].value ?? $parameter["model"])';
	const words = `${id}.replace(/^[^/]+\\//, "").replace(/[-/]/g, " ").replace(${String(redundant)}, "")`;
	const titled = `${words}.replace(/\\b(?!v\\d)[a-z]/g, (letter) => letter.toUpperCase())`;
	return `={{ (${JSON.stringify(names)})[$parameter["operation"]] + ($parameter["model"] ? ": " + ${titled} : "") }}`;
}
