import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { call } from './client';

const root = join(__dirname, '..', '..');

function start(args: string[]): { output: () => string; child: ReturnType<typeof spawn> } {
	const child = spawn(process.execPath, ['--import', 'tsx', 'sandbox/cli.ts', ...args], { cwd: root });
	let text = '';
	child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
	child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
	return { output: () => text, child };
}

it('says where it is, prints a line per request, and ends on Ctrl-C', async () => {
	const { child, output } = start([
		'--port',
		'0',
		'--files-port',
		'0',
		'--key',
		'demo',
		'--limits',
		'queueAtOnce=2',
	]);
	while (!/Ctrl-C/.test(output())) await new Promise((resolve) => setTimeout(resolve, 20));
	const baseUrl = /Base URL\s+(\S+)/.exec(output())![1]!;
	expect(output()).toMatch(/API key\s+demo/);
	const { status } = await call(`${baseUrl}/public/v1/balance`, {
		headers: { authorization: 'Bearer demo' },
	});
	expect(status).toBe(200);
	const ended = once(child, 'exit');
	child.kill('SIGINT');
	expect((await ended)[0]).toBe(0);
	expect(output()).toMatch(/200 {2}balance +GET +\/public\/v1\/balance/);
});

it.each([
	[['--help'], 0, /--predict-seconds/],
	[['--limits', 'tea=2'], 1, /knows no "tea"/],
	[['--port', 'x'], 1, /wants a number/],
])('%j ends with %i', async (args, code, text) => {
	const { child, output } = start(args);
	expect((await once(child, 'close'))[0]).toBe(code);
	expect(output()).toMatch(text);
});
