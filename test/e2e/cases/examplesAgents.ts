import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { chatPath, type Server } from '../../../scripts/n8n/server';
import { e2e, type Bench } from '../cases';
import { download, hosted, post, publishExample } from '../imported';
import { openMedia } from '../media';
import { assertBlackAndWhite, assertShows, assertSize } from '../pictures';
import { startModel, type ChatRequest } from '../scriptedModel';

const IMAGE_TO_VIDEO = 'bytedance/seedance-v1.5-pro/image-to-video';

/** A tool call of the scripted model. */
const call = (name: string, args: object) => ({
	tool_calls: [
		{ id: `call_${randomUUID()}`, type: 'function', function: { name, arguments: JSON.stringify(args) } },
	],
});

/** The newest output's URL in a text. */
function findUrl(text: string): string {
	const [url] = /https?:\/\/[^\s"\\)]+\/outputs?\/[^\s"\\)]+/.exec(text) ?? [];
	assert.ok(url, `an output’s URL, not: ${text}`);
	return url;
}

/** Publishes the agent with a scripted model, says one thing to it, and returns what it answers. */
async function askAgent(
	bench: Bench,
	chatInput: string,
	script: Parameters<typeof startModel>[1],
): Promise<{ output: string; asked: ChatRequest[] }> {
	const server = await bench.server();
	const { url, asked } = await startModel(bench, script);
	const data = { apiKey: 'none', url };
	const openAi = await server.createCredential({ name: 'Scripted model', type: 'openAiApi', data });
	const { id, nodes } = await publishExample(bench, server, 'agent-tool', (node) => {
		if (node.type.endsWith('.lmChatOpenAi')) return { ...node, credentials: { openAiApi: openAi } };
		// The example's chat is for its editor only.
		if (!node.type.endsWith('.chatTrigger')) return node;
		return { ...node, parameters: { ...node.parameters, public: true } };
	});
	const path = chatPath(nodes.find(({ type }) => type.endsWith('.chatTrigger'))!);
	const answer = await post(server, path, { action: 'sendMessage', sessionId: 'ann', chatInput });
	if (answer.status !== 200) (await server.waitForNewExecution(id)).expectSuccess();
	assert.equal(answer.status, 200, answer.bytes.toString('utf8'));
	return { output: (answer.json() as { output: string }).output, asked };
}

const lastOf = ({ messages }: ChatRequest) => messages.at(-1)!.content;

e2e('examples: agent-tool.json lets an agent edit an image twice', async (bench) => {
	const photo = await readFile(await bench.photo());
	const images = await hosted(bench, photo, 'mug.jpg');
	const { output, asked } = await askAgent(bench, `Mirror ${images} and make it black and white`, [
		() => call('Edit_an_Image', { prompt: 'mirror it', images }),
		(asks) => call('Edit_an_Image', { prompt: 'black and white', images: findUrl(lastOf(asks)) }),
		(asks) => ({ content: `![done](${findUrl(lastOf(asks))})` }),
	]);

	const image = await download(findUrl(output));
	await assertBlackAndWhite(image);
	await assertShows(image, photo, (original) => original.grayscale().flop());
	const { ledger } = bench.sandbox;
	assert.deepEqual(
		ledger.charges.map(({ prompt }) => prompt),
		['mirror it', 'black and white'],
	);
	const tool = asked[0].tools!.find(({ function: { name } }) => name === 'Edit_an_Image')!.function;
	assert.deepEqual(Object.keys(tool.parameters.properties).sort(), ['images', 'prompt']);
	const looks = ledger.requests.filter(({ endpoint }) => endpoint === 'file');
	assert.equal(looks.length, 3, 'looks at inputs only');
});

e2e('examples: agent-tool.json lets an agent generate an image and make a video of it', async (bench) => {
	const { output, asked } = await askAgent(bench, 'Make a video of a red mug', [
		// A mistake that costs nothing: the tool's answer tells the agent what is missing.
		() => call('Generate_an_Image', { modelInputs: { text: 'a red mug' } }),
		() => call('Generate_an_Image', { modelInputs: { prompt: 'a red mug', size: '2848*1600' } }),
		(asks) => {
			const image = findUrl(lastOf(asks));
			return call('Make_a_Video', { modelInputs: { image, prompt: 'steam rises', duration: 5 } });
		},
		(asks) => ({ content: `[The video](${findUrl(lastOf(asks))})` }),
	]);

	const { mimeType, video, seconds } = await openMedia(await download(findUrl(output)));
	assert.equal(mimeType, 'video/mp4');
	assert.ok(video, 'moving images');
	assert.ok(Math.abs(seconds - 5) < 0.5, `a video of ${seconds} s`);
	assert.match(lastOf(asked[1]), /prompt/i, 'what is missing');
	const { ledger } = bench.sandbox;
	assert.deepEqual(
		ledger.charges.map(({ model }) => model),
		['bytedance/seedream-v5.0-lite', IMAGE_TO_VIDEO],
	);
	const [image, made] = [...ledger.predictions.values()];
	assert.equal((made.body as { image: string }).image, image.outputs[0]);
	assert.equal(ledger.uploads.length, 0, 'URLs in, URLs out');
	assert.equal(ledger.count('quote'), 2, 'quotes for Max Cost per Run');
	await assertSize(await download(image.outputs[0]), 2848, 1600);
});

/** Publishes the MCP server and connects a client to it until the case is over. */
async function connectClient(bench: Bench, server: Server): Promise<Client> {
	await publishExample(bench, server, 'mcp-server');
	const client = new Client({ name: 'e2e', version: '1.0.0' });
	const transport = new StreamableHTTPClientTransport(new URL(`${server.url}/mcp/seedream-mcp`));
	await client.connect(transport);
	bench.atEnd(async () => {
		await transport.terminateSession();
		await client.close();
	});
	return client;
}

async function callTool(client: Client, name: string, args: Record<string, unknown>): Promise<string> {
	const { content } = await client.callTool({ name, arguments: args });
	return (content as Array<{ text: string }>)[0].text;
}

e2e('examples: mcp-server.json offers the nodes to an MCP client', async (bench) => {
	const client = await connectClient(bench, await bench.server());
	const photo = await readFile(await bench.photo());
	const images = await hosted(bench, photo, 'mug.jpg');
	const { tools } = await client.listTools();
	assert.deepEqual(
		tools.map(({ name, inputSchema }) => [name, Object.keys(inputSchema.properties ?? {}).sort()]).sort(),
		[
			['Edit_an_Image', ['images', 'prompt']],
			['Generate_an_Image', ['modelInputs']],
			['Run_Any_Model', ['model', 'modelInputs']],
		],
	);

	const edited = await callTool(client, 'Edit_an_Image', { prompt: 'mirror it', images });
	await assertShows(await download(findUrl(edited)), photo, (original) => original.flop());
	assert.equal(bench.sandbox.ledger.charges.length, 1, 'charges');
	const refused = await callTool(client, 'Edit_an_Image', { prompt: '', images });
	assert.match(refused, /prompt/i);
	assert.equal(bench.sandbox.ledger.charges.length, 1, 'charges');

	const modelInputs = { prompt: 'a red mug' };
	const generated = await callTool(client, 'Generate_an_Image', { modelInputs });
	await assertSize(await download(findUrl(generated)), 2048, 2048);
	assert.equal(bench.sandbox.ledger.charges.length, 2, 'charges');
});

e2e('examples: mcp-server.json tells a client where the fields of any model are listed', async (bench) => {
	const { sandbox } = bench;
	const client = await connectClient(bench, await bench.server());
	const imageUrl = await hosted(bench, await readFile(await bench.photo()), 'mug.jpg');
	const { tools } = await client.listTools();
	const { description } = tools.find(({ name }) => name === 'Run_Any_Model')!;

	// What a client does that can read URLs: the catalog, then the schema of a model.
	const [catalogUrl] = /https:\/\/\S+\/models/.exec(description!)!;
	const read = async (url: string) => JSON.parse((await download(url)).toString('utf8')) as unknown;
	const catalog = (await read(new URL(new URL(catalogUrl).pathname, sandbox.baseUrl).href)) as {
		data: Array<{ model: string; schema: string }>;
	};
	const { schema } = catalog.data.find(({ model }) => model === IMAGE_TO_VIDEO)!;
	const { components } = (await read(schema)) as {
		components: { schemas: { Input: { required: string[]; properties: Record<string, object> } } };
	};
	const { required, properties } = components.schemas.Input;
	assert.ok(required.includes('image') && 'prompt' in properties && 'duration' in properties);

	const modelInputs = { image: imageUrl, prompt: 'steam rises', duration: 5 };
	const text = await callTool(client, 'Run_Any_Model', { model: IMAGE_TO_VIDEO, modelInputs });
	const { mimeType, seconds } = await openMedia(await download(findUrl(text)));
	assert.deepEqual([mimeType, Math.round(seconds)], ['video/mp4', 5]);
	assert.deepEqual(
		sandbox.ledger.charges.map(({ model }) => model),
		[IMAGE_TO_VIDEO],
	);

	// An ID that no model has, and a call that would cost too much: neither is billed.
	const unknown = await callTool(client, 'Run_Any_Model', { model: 'no/such-model', modelInputs });
	assert.match(unknown, /no\/such-model/);
	sandbox.setOptions({ accountMarkup: 10 });
	const costly = await callTool(client, 'Run_Any_Model', { model: IMAGE_TO_VIDEO, modelInputs });
	assert.match(costly, /\$1\b/);
	assert.equal(sandbox.ledger.charges.length, 1, 'charges');
});
