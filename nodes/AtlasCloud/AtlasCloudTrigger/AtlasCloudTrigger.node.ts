import type {
	IExecuteFunctions,
	INodeExecutionData,
	INodeType,
	INodeTypeDescription,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { NodeConnectionTypes } from 'n8n-workflow';
import { DOCS_URL } from '../panel/options';
import { receiveDelivery, resultItems } from './receiveDelivery';

export class AtlasCloudTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Atlas Cloud Trigger',
		name: 'atlasCloudTrigger',
		icon: {
			light: 'file:../../../icons/seedream-trigger.svg',
			dark: 'file:../../../icons/seedream-trigger.dark.svg',
		},
		group: ['trigger'],
		version: 1,
		subtitle: '={{ [].concat($parameter["events"]).join(", ") }}',
		description: 'Starts the workflow when an Atlas Cloud prediction completes or fails',
		defaults: { name: 'Atlas Cloud Trigger' },
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'atlasCloudSeedreamApi', required: true }],
		webhooks: [{ name: 'default', httpMethod: 'POST', responseMode: 'onReceived', path: 'webhook' }],
		documentationUrl: DOCS_URL,
		eventTriggerDescription:
			'Publish the workflow and submit a prediction, then copy its execution to the editor',
		activationMessage:
			'Put the Production URL of this trigger into Webhook URL, under Options of the node that submits.',
		triggerPanel: {
			header: '',
			executionsHelp: {
				inactive:
					'Copy the Production URL into Webhook URL, under Options of the node that submits, and publish this workflow: a Test URL is refused there. To build the next nodes, submit a prediction, then open its execution and copy it to the editor.',
				active:
					'Each prediction that ends and has the Production URL as its Webhook URL starts an execution. They are listed under <a data-key="executions">Executions</a>.',
			},
			activationHint: 'Publish the workflow, so that Atlas Cloud can call the Production URL.',
		},
		properties: [
			{
				displayName:
					'Open <b>Webhook URLs</b> above, choose <b>Production URL</b>, and copy it into <b>Webhook URL</b>, under Options in the node that submits the prediction. Atlas Cloud must be able to reach it from the internet.',
				name: 'webhookUrlNotice',
				type: 'notice',
				default: '',
			},
			{
				displayName: 'Events',
				name: 'events',
				type: 'multiOptions',
				options: [
					{ name: 'Prediction Completed', value: 'completed' },
					{ name: 'Prediction Failed', value: 'failed' },
				],
				default: ['completed', 'failed'],
				required: true,
				description: 'Which events start the workflow',
			},
			{
				displayName: 'Download Files',
				name: 'downloadFiles',
				type: 'boolean',
				default: true,
				description: 'Whether to download the results as files. If off, only their URLs are returned.',
			},
			{
				displayName: 'Put Output in Field',
				name: 'outputDataFieldName',
				type: 'string',
				default: 'data',
				required: true,
				placeholder: 'e.g. data',
				description: 'The name of the output field to put the file in',
				displayOptions: { show: { downloadFiles: [true] } },
			},
		],
	};

	/** The URL is entered by hand in the node that submits a prediction: there is nothing to register. */
	webhookMethods = {
		default: {
			checkExists: async () => true,
			create: async () => true,
			delete: async () => true,
		},
	};

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return await receiveDelivery(this);
	}

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return [await resultItems(this)];
	}
}
