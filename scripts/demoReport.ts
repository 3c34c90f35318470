/* What `npm run demo` says in the end. */
import { copyFile, mkdir } from 'node:fs/promises';
import { basename, extname, join, relative } from 'node:path';
import type { IDataObject } from 'n8n-workflow';
import type { Demo, Wish } from './demos';
import type { Execution } from './n8n/execution';
import { PROJECT_ROOT } from './n8n/packNode';

/** Copies the result to a folder that outlives the demo. Returns its path, as short as it can be. */
export async function copyResult(
	execution: Execution,
	filesFolder: string,
	{ demo, photo }: Wish,
): Promise<string> {
	const saved = basename(String(execution.items(demo.saveNode)[0].json.fileName));
	const folder = join(PROJECT_ROOT, '.tmp', 'demo');
	const result = join(folder, saved.replace(/^(photo|product)/, basename(photo, extname(photo))));
	await mkdir(folder, { recursive: true });
	await copyFile(join(filesFolder, saved), result);
	const here = relative(process.cwd(), result);
	return here.startsWith('..') ? result : here;
}

/** @param took how long all of it took, in words */
export function describeResult(
	execution: Execution,
	{ demo, photo, prompt }: Wish,
	{ result, took, isSandbox }: { result: string; took: string; isSandbox: boolean },
): string {
	const predictions = demo.billedNodes.map((node) => execution.items(node)[0].json);
	const milliseconds = demo.billedNodes.map((node) => execution.runs(node)[0].executionTime);
	const { size } = predictions.at(-1)!;
	const dimensions = typeof size === 'string' ? ` (${size.replace('*', ' × ')})` : '';
	const ids = predictions.map(({ predictionId }) => String(predictionId));
	const rows = [
		['Photo', photo],
		['Prompt', prompt],
		[demo.resultLabel, `${result}${dimensions}`],
		['Time', `${(sum(milliseconds) / 1000).toFixed(1)} s in the ${demo.nodesNoun}, ${took} in all`],
		[
			'Cost',
			`${describeCost(predictions)}${isSandbox ? ' on Atlas Cloud; nothing here, in the sandbox' : ''}`,
		],
		...ids.map((id, index) => [index === 0 ? 'Prediction' : '', id]),
	];
	const table = rows.map(([label, value]) => `  ${label.padEnd(14)}  ${value}`).join('\n');
	const notice = isSandbox ? `\n\n${demo.sandboxNotice} ATLASCLOUD_API_KEY=… ${demo.command}` : '';
	return `\nDone.\n${table}${notice}`;
}

/** Names the predictions that finished before the one that failed: they were billed, and can still be fetched by ID. */
export function describeFailure(execution: Execution, { noun, billedNodes }: Demo): string {
	const { message, description } = execution.error ?? { message: execution.summary() };
	const finished = billedNodes.flatMap((node) =>
		execution.items(node).map(({ json }) => `${node} is finished: prediction ${String(json.predictionId)}`),
	);
	return [`The ${noun} did not succeed.`, message, description ?? '', ...finished].join('\n');
}

/** Atlas Cloud may publish a price only minutes after completion. */
function describeCost(predictions: IDataObject[]): string {
	const prices = predictions.map(({ priceUsd }) => priceUsd).filter((price) => typeof price === 'number');
	return prices.length < predictions.length
		? 'not told by Atlas Cloud'
		: `$${Number(sum(prices).toFixed(6))}`;
}

function sum(numbers: number[]): number {
	return numbers.reduce((total, one) => total + one, 0);
}
