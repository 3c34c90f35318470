/* The language model of an agent: what it says and which tools it calls stand in the test. */
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';
import type { Bench } from './cases';

/** A stand-in for OpenAI: it answers as scripted, and remembers what it was asked. */
export async function startModel(bench: Bench, answers: Array<(asked: ChatRequest) => object>) {
	const asked: ChatRequest[] = [];
	const model = fastify();
	model.post('/v1/chat/completions', async (incoming) => {
		const body = incoming.body as ChatRequest;
		asked.push(body);
		const answer = answers[asked.length - 1]?.(body);
		if (!answer) throw new Error(`The model was asked ${asked.length} times.`);
		return {
			id: `chatcmpl-${asked.length}`,
			object: 'chat.completion',
			created: 0,
			model: 'scripted',
			choices: [
				{
					index: 0,
					message: { role: 'assistant', content: null, ...answer },
					finish_reason: 'tool_calls' in answer ? 'tool_calls' : 'stop',
				},
			],
			usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
		};
	});
	await model.listen({ port: 0, host: '127.0.0.1' });
	bench.atEnd(async () => await model.close());
	const { port } = model.server.address() as AddressInfo;
	return { url: `http://127.0.0.1:${port}/v1`, asked };
}

export interface ChatRequest {
	messages: Array<{ role: string; content: string; tool_call_id?: string }>;
	tools?: Array<{ function: { name: string; description: string; parameters: JsonSchema } }>;
	stream?: boolean;
}

export interface JsonSchema {
	properties: Record<string, { type: string }>;
	required?: string[];
}
