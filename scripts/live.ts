/*
 * Checks, on the real Atlas Cloud, what docs/atlas-cloud-api.md calls uncertain, for at most $0.20:
 *
 *   ATLASCLOUD_API_KEY=… npm run live                 asks first
 *   ATLASCLOUD_API_KEY=… npm run live -- --yes        does not
 *   … -- --webhook-url https://… --webhook-port 8899  also waits for Atlas's call: the URL has to lead to that port
 *   … -- --out report.md                              default live-report.md
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { version } from '../package.json';
import { confirmSpending } from './ask';
import { LiveApi, type LiveClock } from './live/api';
import { checkEverything } from './live/checks';
import { tryDefaultsWith } from './live/defaults';
import { Purse } from './live/purse';
import { writeReport } from './live/report';
import { PROJECT_ROOT } from './n8n/packNode';

const LIMIT_USD = 0.2;
const PHOTO = join(PROJECT_ROOT, 'examples', 'photo.jpg');

const CLOCK: LiveClock = {
	nowMs: () => Date.now(),
	sleepMs: async (ms) => await new Promise((wake) => setTimeout(wake, ms)),
};

async function main(): Promise<void> {
	const { values } = parseArgs({
		options: {
			yes: { type: 'boolean', default: false },
			out: { type: 'string', default: 'live-report.md' },
			'webhook-url': { type: 'string' },
			'webhook-port': { type: 'string', default: '8899' },
		},
	});
	const key = process.env.ATLASCLOUD_API_KEY?.trim();
	if (!key) throw new Error('Set ATLASCLOUD_API_KEY to a key of https://www.atlascloud.ai/console/api-keys.');
	const baseUrl = process.env.ATLASCLOUD_BASE_URL ?? 'https://api.atlascloud.ai';
	const notice = `This buys up to four small edits on ${new URL(baseUrl).host}, for at most $${LIMIT_USD} (about $0.12), and takes a few minutes.`;
	if (!(await confirmSpending(notice, values.yes))) return;
	const api = new LiveApi(baseUrl, key, CLOCK);
	const purse = new Purse(LIMIT_USD);
	const url = values['webhook-url'];
	const facts = await checkEverything({
		api,
		purse,
		photo: await readFile(PHOTO),
		tryDefaults: tryDefaultsWith({ apiKey: key, baseUrl }, PHOTO),
		limits: { pollEveryMs: 500, predictionSeconds: 300, afterwardsSeconds: 120 },
		...(url ? { webhook: { url, port: Number(values['webhook-port']), waitSeconds: 60 } } : {}),
		log: (line) => console.log(`  ${line} …`),
	});
	const path = resolve(process.env.INIT_CWD ?? process.cwd(), values.out);
	const head = { date: new Date(), version, host: new URL(baseUrl).host, quotedUsd: purse.spentUsd, key };
	await writeFile(path, writeReport(facts, head));
	console.log(`\n${facts.map(({ question, seen }) => `${question}  ${seen}`).join('\n')}\n`);
	console.log(`Written: ${path}. It holds no key and no personal data; please attach it to an issue.`);
}

main().then(
	() => process.exit(),
	(error: unknown) => {
		console.error(error instanceof Error ? error.message : String(error));
		process.exit(1);
	},
);
