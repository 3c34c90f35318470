import { readFile } from 'node:fs/promises';
import { cpus, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { N8N_VERSIONS } from '../scripts/n8n/install';
import { PROJECT_ROOT } from '../scripts/n8n/packNode';
import type { Group, Row } from './rows';

export interface GroupResult {
	group: Group;
	rows: Row[];
}

function verdict({ goal, isMet }: Row): string {
	if (goal === '') return '';
	return isMet ? 'met' : 'MISSED';
}

export function print({ group, rows }: GroupResult, isShort: boolean, tookMs: number): void {
	console.log(`\n${group.title} (${group.name}, ${Math.round(tookMs / 1_000)} s)`);
	for (const row of rows) {
		const judged = isShort && row.isBroken !== true ? 'ran' : verdict(row);
		console.log(`  ${row.what.padEnd(52)} ${row.result.padStart(20)}   ${row.goal.padEnd(18)} ${judged}`);
	}
	if (rows.length === 0) console.log('  not in the short form');
}

async function versionOf(name: string): Promise<string> {
	const text = await readFile(join(PROJECT_ROOT, 'node_modules', name, 'package.json'), 'utf8');
	return (JSON.parse(text) as { version: string }).version;
}

async function machine(): Promise<string> {
	const processors = cpus();
	const memory = `${Math.round(totalmem() / 2 ** 30)} GB`;
	const [core, undici] = [await versionOf('n8n-core'), await versionOf('undici')];
	return [
		`${processors.length} × ${processors[0]?.model.trim() ?? 'unknown processor'}, ${memory}, ${type()}`,
		`Node ${process.versions.node}, n8n-core ${core}, n8n ${N8N_VERSIONS['2.x']}, undici ${undici}`,
	].join('; ');
}

function table(rows: Row[]): string {
	const lines = rows.map((row) => `| ${row.what} | ${row.result} | ${row.goal} | ${verdict(row)} |`);
	return ['| | measured | goal | |', '|---|---:|---|---|', ...lines].join('\n');
}

/** A heading, and what is below it. */
function sectionsOf(text: string): Map<string, string> {
	const [, ...sections] = text.split(/^## /m);
	return new Map(
		sections.map((section) => [section.slice(0, section.indexOf('\n')), `## ${section.trim()}`]),
	);
}

/**
 * The results as they are kept beside the code.
 * @param kept the results so far: groups that were not measured now stay as they are
 */
export async function markdown(groups: Group[], results: GroupResult[], kept: string): Promise<string> {
	const sections = sectionsOf(kept);
	const today = new Date().toISOString().slice(0, 10);
	for (const { group, rows } of results)
		sections.set(group.title, `## ${group.title}\n\n${group.note} ${today}.\n\n${table(rows)}`);
	const parts = groups.flatMap(({ title }) => sections.get(title) ?? []);
	return `# Measured

Written by \`npm run bench\`. The node runs in n8n-core's engine against a stand-in Atlas Cloud on the same machine, in a
process of its own; each ratio is of two things measured in the same run. Medians of several rounds.

${await machine()}

${parts.join('\n\n')}
`;
}
