import { parseArgs } from 'node:util';
import {
	startSandbox,
	type Fault,
	type LedgerRequest,
	type SandboxLimits,
	type SandboxOptions,
} from './index';

const HELP = `A stand-in Atlas Cloud on this machine. It really edits pictures, makes videos and speaks, and bills
nobody.

  npm run sandbox -- [options]

  --port <n>              port of the API (default 8787)
  --files-port <n>        port of the files: uploads, outputs, schemas (default 8788)
  --key <text>            the API key it takes (default sandbox-key)
  --predict-seconds <n>   how long a task takes (default 3)
  --video-seconds <n>     how long a video takes instead
  --jitter <n>            and how much that varies, 0 to 1 (default 0.25)
  --seed <n>              the same seed varies in the same way
  --limits <list>         rate limits, comma-separated:
                            uploads=<per second>:<burst>   submits=<per second>:<burst>
                            polls=<per second>:<burst>
                            runningAtOnce=<n> (more is refused)   queueAtOnce=<n> (more waits)
  --fault <json>          lets something go wrong; may be given several times, e.g.
                            --fault '{"endpoint":"submit","nth":2,"action":{"type":"failTask","shape":"nsfw"}}'
  --warm-up <seconds>     a new prediction is answered 404 for so long
  --clock-skew <seconds>  its clock against yours
  --keep-names            uploads keep their file names
  --strict                refuses fields that the model's schema does not declare
  --webhooks              also delivers webhooks to this machine
  --markup <n>            what the account pays for each dollar of a price (default 1)
  --prepared              one prepared picture instead of edits
  --quiet                 no line per request
  --help                  this text

What its "model" understands in a prompt, in any combination: black and white, sepia, blur, sharpen, brighter, darker,
warmer, cooler, vivid, invert, cartoon, mirror, flip vertically, rotate 30 degrees left, upside down, a pink background,
a gold border, and text in "quotes". Several pictures are laid side by side.
`;

const OPTIONS = {
	port: { type: 'string', default: '8787' },
	'files-port': { type: 'string', default: '8788' },
	key: { type: 'string' },
	'predict-seconds': { type: 'string' },
	'video-seconds': { type: 'string' },
	markup: { type: 'string' },
	jitter: { type: 'string' },
	seed: { type: 'string' },
	limits: { type: 'string' },
	fault: { type: 'string', multiple: true },
	'warm-up': { type: 'string' },
	'clock-skew': { type: 'string' },
	'keep-names': { type: 'boolean' },
	prepared: { type: 'boolean' },
	strict: { type: 'boolean' },
	webhooks: { type: 'boolean' },
	quiet: { type: 'boolean' },
	help: { type: 'boolean', short: 'h' },
} as const;

function number(name: string, text: string): number {
	const value = Number(text);
	if (text.trim() === '' || !Number.isFinite(value))
		throw new Error(`--${name} wants a number, not "${text}"`);
	return value;
}

/** `submits=2:5,queueAtOnce=4`. */
function readLimits(text: string): SandboxLimits {
	const limits: SandboxLimits = {};
	for (const part of text.split(',')) {
		const [name = '', value = ''] = part.split('=', 2).map((piece) => piece.trim());
		if (name === 'uploads' || name === 'submits' || name === 'polls') {
			const [perSecond = '', burst = perSecond] = value.split(':', 2);
			limits[name] = { perSecond: number('limits', perSecond), burst: number('limits', burst) };
		} else if (name === 'runningAtOnce' || name === 'queueAtOnce') limits[name] = number('limits', value);
		else throw new Error(`--limits knows no "${name}"`);
	}
	return limits;
}

function readOptions(args: string[]): SandboxOptions | null {
	const { values } = parseArgs({ args, options: OPTIONS });
	if (values.help) return null;
	const options: SandboxOptions = {
		port: number('port', values.port),
		filesPort: number('files-port', values['files-port']),
		keepUploadNames: values['keep-names'] ?? false,
		preparedPictures: values.prepared ?? false,
		refuseUnknownFields: values.strict ?? false,
		webhooks: { allowLoopback: values.webhooks ?? false },
		faults: (values.fault ?? []).map((text) => JSON.parse(text) as Fault),
	};
	if (values.key !== undefined) options.apiKey = values.key;
	if (values['predict-seconds'])
		options.predictSeconds = number('predict-seconds', values['predict-seconds']);
	if (values['video-seconds']) {
		options.predictSecondsByType = { Video: number('video-seconds', values['video-seconds']) };
	}
	if (values.markup) options.accountMarkup = number('markup', values.markup);
	if (values.jitter) options.jitter = number('jitter', values.jitter);
	if (values.seed) options.seed = number('seed', values.seed);
	if (values.limits) options.limits = readLimits(values.limits);
	if (values['warm-up']) options.warmUp = { seconds: number('warm-up', values['warm-up']), status: 404 };
	if (values['clock-skew']) options.clockSkewSeconds = number('clock-skew', values['clock-skew']);
	if (!values.quiet) options.onRequestOver = printRequest;
	return options;
}

function printRequest({ atMs, endpoint, method, path, status, bytesIn, body }: LedgerRequest): void {
	const time = new Date(atMs).toTimeString().slice(0, 8);
	const size = bytesIn > 0 ? `  ${bytesIn.toLocaleString('en')} bytes` : '';
	const prompt =
		typeof body === 'object' && body !== null && 'prompt' in body && typeof body.prompt === 'string'
			? `  ${JSON.stringify(body.prompt.slice(0, 60))}`
			: '';
	const result = status === null ? '---' : String(status);
	console.log(`${time}  ${result}  ${endpoint.padEnd(10)}  ${method.padEnd(4)} ${path}${size}${prompt}`);
}

async function main(): Promise<void> {
	const options = readOptions(process.argv.slice(2));
	if (!options) {
		console.log(HELP);
		return;
	}
	const sandbox = await startSandbox(options);
	console.log(`Atlas Cloud sandbox: nothing here costs money.

  Base URL   ${sandbox.baseUrl}
  API key    ${sandbox.apiKey}
  Files      ${sandbox.filesUrl}

Ctrl-C ends it.
`);
	const end = (): void => void sandbox.close().then(() => process.exit(0));
	process.once('SIGINT', end);
	process.once('SIGTERM', end);
}

main().catch((error: unknown) => {
	const message = error instanceof Error ? error.message : String(error);
	const inUse = /EADDRINUSE/.test(message) ? ' Choose another with --port and --files-port.' : '';
	console.error(`${message}.${inUse}`);
	process.exitCode = 1;
});
