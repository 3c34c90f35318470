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

/** An expression for the line under the node's name on the canvas: operation and model. */
export function subtitleOf(resources: Resource[]): string {
	const names = Object.fromEntries(
		resources.flatMap(({ operations }) => optionsOf(operations).map(({ value, name }) => [value, name])),
	);
	return `={{ (${JSON.stringify(names)})[$parameter["operation"]] + ($parameter["model"] ? ": " + String($parameter["model"].value ?? $parameter["model"]).replace("bytedance/", "") : "") }}`;
}
