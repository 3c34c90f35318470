import type { SandboxOptions } from '../../sandbox';
import { halves, LITE, withSandbox, type Client } from './client';

const OPTIONS: SandboxOptions = {
	preparedPictures: true,
	webhooks: { allowLoopback: true, redeliverAfterSeconds: [0.05, 0.05] },
};

async function edit(client: Client, webhook_url: string): Promise<string> {
	const images = [await client.uploaded(await halves())];
	const { json } = await client.submit({ model: LITE, prompt: 'nicer', images, webhook_url });
	return String(json['data']!['id']);
}

it('sends nothing to another machine', async () => {
	await withSandbox(OPTIONS, async (client, sandbox) => {
		const id = await edit(client, 'https://hooks.example.com/x');
		await client.finished(id);
		await new Promise((resolve) => setTimeout(resolve, 50));
		expect(sandbox.ledger.webhooks).toEqual([]);
	});
});
