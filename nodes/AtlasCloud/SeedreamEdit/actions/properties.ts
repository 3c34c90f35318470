import type { INodeProperties } from 'n8n-workflow';
import { operations } from './router';

/**
 * Puts resource and operation before a field's other conditions. n8n looks at them in their order, and an expression
 * ends the look with "shown": the field would stand in the panels of other operations too.
 */
function operationFirst(field: INodeProperties): INodeProperties {
	const { show } = field.displayOptions ?? {};
	if (!show) return field;
	const { resource, operation } = show;
	return { ...field, displayOptions: { ...field.displayOptions, show: { resource, operation, ...show } } };
}

/** The resources, and the operation that each begins with. */
const RESOURCES = [
	{ name: 'Image', value: 'image', first: 'edit' },
	{ name: 'Prediction', value: 'prediction', first: 'submit' },
];

const optionsOf = (resource: string) =>
	Object.values(operations[resource])
		.map(({ option }) => option)
		.sort((a, b) => a.name.localeCompare(b.name));

/** Everything the panel shows, put together from the operations. */
export const properties: INodeProperties[] = [
	{
		displayName: 'Resource',
		name: 'resource',
		type: 'options',
		noDataExpression: true,
		options: RESOURCES.map(({ name, value }) => ({ name, value })),
		default: 'image',
	},
	...RESOURCES.map(({ value, first }): INodeProperties => ({
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		displayOptions: { show: { resource: [value] } },
		options: optionsOf(value),
		default: first,
	})),
	...Object.values(operations).flatMap((ofResource) =>
		Object.values(ofResource).flatMap(({ fields }) => fields.map(operationFirst)),
	),
];

const namesByOperation = Object.fromEntries(
	RESOURCES.flatMap(({ value }) => optionsOf(value).map((option) => [option.value, option.name])),
);

/** An expression for the line under the node's name on the canvas: operation and model. */
export const subtitle = `={{ (${JSON.stringify(namesByOperation)})[$parameter["operation"]] + ($parameter["model"] ? ": " + String($parameter["model"].value ?? $parameter["model"]).replace("bytedance/", "") : "") }}`;
