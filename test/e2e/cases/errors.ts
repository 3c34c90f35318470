import assert from 'node:assert/strict';
import { chain } from '../../../scripts/n8n/instance';
import { e2e, readFileNode, seedream, trigger, WRONG_CREDENTIALS } from '../cases';

interface ItemError {
	message: string;
	description: string;
	predictionId: string | null;
}

e2e('errors: a wrong key is told as such, and nothing is billed', async (bench) => {
	const path = await bench.photo();
	const execution = await bench.execute({
		nodes: [
			trigger(),
			readFileNode('Read', path),
			seedream('Edit', { prompt: 'sepia' }, { credentials: WRONG_CREDENTIALS }),
		],
		connections: chain('Start', 'Read', 'Edit'),
	});
	assert.equal(execution.status, 'error');
	assert.match(`${execution.error?.message} ${execution.error?.description}`, /key/i);
	assert.equal(bench.sandbox.ledger.charges.length, 0, 'charges');
	assert.ok(!JSON.stringify(execution.data).includes('not-the-key'), 'no key in the execution’s data');
});

e2e('errors: a failed edit leaves by the error output, with its prediction id', async (bench) => {
	bench.sandbox.addFault({ endpoint: 'submit', action: { type: 'failTask', shape: 'moderation' } });
	const path = await bench.photo();
	const execution = await bench.execute({
		nodes: [
			trigger(),
			readFileNode('Read', path),
			seedream('Edit', { prompt: 'sepia' }, { onError: 'continueErrorOutput' }),
		],
		connections: chain('Start', 'Read', 'Edit'),
	});
	execution.expectSuccess();
	assert.equal(execution.items('Edit', 0).length, 0, 'items on the success output');
	const { json } = execution.item('Edit', 1);
	const error = json.error as unknown as ItemError;
	const [predictionId] = bench.sandbox.ledger.predictions.keys();
	assert.equal(json.fileName, 'photo.jpg', 'n8n lays the error over the input’s json');
	assert.equal(error.predictionId, predictionId);
	assert.ok(error.message.includes(predictionId), 'the message names the prediction');
	assert.ok(error.description, 'the description says what to do');
});
