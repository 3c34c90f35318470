import type { IExecuteFunctions, INode, WorkflowExecuteMode } from 'n8n-workflow';
import { doubtError } from '../../nodes/AtlasCloud/api/purchases/errors';
import type { PurchaseRecord } from '../../nodes/AtlasCloud/api/purchases/record';
import { toNodeError } from '../../nodes/AtlasCloud/n8n/errors';

it.each<[WorkflowExecuteMode, string, string?]>([
	['manual', 'Run the node again by hand within 15 minutes, or select Retry in the Executions tab,'],
	['integrated', 'Select Retry for this sub-workflow’s own execution in the Executions tab'],
	['trigger', 'Use Prediction > Wait for Completion with p1', 'seedreamEditTool'],
])('says how to get what was made from a URL, in mode %s', (mode, advice, type = '') => {
	const context = { getMode: () => mode, getNode: () => ({ type }) as INode } as IExecuteFunctions;
	const paid = [{ fate: { state: 'bought', id: 'p1' }, hasUrl: true } as PurchaseRecord];
	const undelivered = { paid, failedIds: [], maybeIds: [], lostCount: 0 };
	const { description } = toNodeError(context, new Error('no'), 0, undelivered);
	expect(description).toContain(`not lost. ${advice} to get it.`);
});

it('tells of another item’s lost submit beside the error of one that could not be checked', () => {
	const context = { getMode: () => 'manual', getNode: () => ({ type: '' }) as INode } as IExecuteFunctions;
	const undelivered = { paid: [], failedIds: [], maybeIds: [], lostCount: 1 };
	const { description } = toNodeError(context, doubtError([{ id: 'p1', why: 'no' }]), 0, undelivered);
	expect(description).toContain('For 1 item, it’s unclear');
});
