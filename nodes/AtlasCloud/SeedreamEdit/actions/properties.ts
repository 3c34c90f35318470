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

/** Everything the panel shows, put together from the operations. */
export const properties: INodeProperties[] = [
	{
		displayName: 'Resource',
		name: 'resource',
		type: 'options',
		noDataExpression: true,
		options: [
			{ name: 'Image', value: 'image' },
			{ name: 'Prediction', value: 'prediction' },
		],
		default: 'image',
	},
	{
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		displayOptions: { show: { resource: ['image'] } },
		options: [
			{
				name: 'Edit',
				value: 'edit',
				action: 'Edit an image',
				description: 'Upload pictures, edit them, wait, and hand on the edited ones',
			},
			{
				name: 'Upload',
				value: 'upload',
				action: 'Upload an image',
				description: 'Upload pictures and hand on their links',
			},
		],
		default: 'edit',
	},
	{
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		displayOptions: { show: { resource: ['prediction'] } },
		options: [
			{
				name: 'Get',
				value: 'get',
				action: 'Get a prediction',
				description: 'See how an edit stands, with its pictures if it is done',
			},
			{
				name: 'Get Many',
				value: 'getAll',
				action: 'Get many predictions',
				description: 'List the edits of this account',
			},
			{
				name: 'Submit',
				value: 'submit',
				action: 'Submit an edit',
				description: 'Start an edit and hand on its ID at once',
			},
			{
				name: 'Wait for Completion',
				value: 'waitForCompletion',
				action: 'Wait for completion',
				description: 'Wait for an edit that was submitted before, and hand on its pictures',
			},
		],
		default: 'submit',
	},
	...Object.values(operations).flatMap((ofResource) =>
		Object.values(ofResource).flatMap(({ description }) => description.map(operationFirst)),
	),
];
