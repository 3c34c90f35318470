/* What `npm run demo` says and leaves behind in the end. */
import { copyFile, mkdir } from 'node:fs/promises';
import { basename, extname, join, relative } from 'node:path';
import type { IBinaryData, IDataObject } from 'n8n-workflow';
import type { Execution } from '../n8n/execution';
import type { Demo } from './demos';
import { sideBySide, type Tile } from './pictures';

const LABEL_WIDTH = 14;

/**
 * Puts before and after into one file of `folder`; of a video, the images that it was made of. Copies there what the
 * workflow saved elsewhere.
 */
export async function writeResults(
	execution: Execution,
	demo: Demo,
	photo: string,
	{ folder, readBinary }: { folder: string; readBinary: (binary: IBinaryData) => Promise<Buffer> },
): Promise<{ results: string[]; comparison: string }> {
	await mkdir(folder, { recursive: true });
	const saved = execution.items(demo.saveNode).map(({ json }) => String(json.fileName));
	const results = saved.map((path) => join(folder, basename(path)));
	await Promise.all(saved.map(async (path, i) => path !== results[i] && (await copyFile(path, results[i]))));
	const after: Tile[] =
		demo.name === 'video'
			? await Promise.all(
					demo.billedNodes.slice(0, -1).map(async ({ name }) => ({
						image: await readBinary(execution.item(name).binary!.data),
						label: name,
					})),
				)
			: results.map((path, i) => ({ image: path, label: demo.prompts[i] }));
	const comparison = join(folder, `${basename(photo, extname(photo))}-before-after.jpg`);
	await sideBySide([{ image: photo, label: 'Before' }, ...after], comparison);
	return { results, comparison };
}

export interface ReportFacts {
	photo: string;
	results: string[];
	comparison: string;
	/** How long all of it took, in words. */
	took: string;
	isSandbox: boolean;
}

export function describeResult(execution: Execution, demo: Demo, facts: ReportFacts): string {
	const predictions = demo.billedNodes.flatMap(({ name }) => execution.items(name).map(({ json }) => json));
	const cost = describeCost(predictions);
	const { size } = predictions.at(-1)!;
	const dimensions = typeof size === 'string' ? ` (${size.replace('*', ' × ')})` : '';
	const [first, ...more] = facts.results.map(shortPath);
	const ids = predictions.map(({ predictionId }) => String(predictionId));
	const rows = [
		['Before', shortPath(facts.photo)],
		[
			demo.name === 'video' ? 'Video' : 'After',
			`${first}${more.length > 0 ? ` and ${more.length} more` : dimensions}`,
		],
		['Side by side', shortPath(facts.comparison)],
		...(demo.prompts.length === 1 ? [['Prompt', demo.prompts[0]]] : []),
		['Cost', facts.isSandbox ? `nothing here, in the sandbox; on Atlas Cloud ${cost}` : cost],
		['Time', facts.took],
		['Predictions', ids.length > 3 ? `${ids.length}, from ${ids[0]} to ${ids.at(-1)}` : ids.join(', ')],
	];
	const table = rows.map(([label, value]) => `  ${label.padEnd(LABEL_WIDTH)}${value}`).join('\n');
	const notice = facts.isSandbox
		? `\n\n${demo.sandboxNotice}\nFor the real one:  ATLASCLOUD_API_KEY=… npm run demo${demo.args}`
		: '';
	return `\nDone.\n${table}${notice}`;
}

/** Names the predictions that finished before the one that failed: they were billed, and can still be fetched by ID. */
export function describeFailure(execution: Execution, demo: Demo): string {
	const { message, description } = execution.error ?? { message: execution.summary() };
	const finished = demo.billedNodes.flatMap(({ name }) =>
		execution.items(name).map(({ json }) => `${name} is finished: prediction ${String(json.predictionId)}`),
	);
	return ['The demo did not succeed.', message, description ?? '', ...finished].join('\n');
}

/** Atlas Cloud may publish a price only minutes after completion. */
function describeCost(predictions: IDataObject[]): string {
	const prices = predictions.map(({ priceUsd }) => priceUsd).filter((price) => typeof price === 'number');
	if (prices.length < predictions.length) return 'not told yet (the price is often published minutes later)';
	return `$${Number(prices.reduce((total, price) => total + price, 0).toFixed(6))}`;
}

function shortPath(path: string): string {
	const here = relative(process.cwd(), path);
	return here.startsWith('..') ? path : here;
}
