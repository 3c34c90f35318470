import type { Fact } from './facts';

export interface ReportHead {
	date: Date;
	version: string;
	/** The host that was asked. */
	host: string;
	quotedUsd: number;
	key: string;
}

const INTRODUCTION = `What Atlas Cloud really does, of what docs/atlas-cloud-api.md calls uncertain. Made by \`npm run live\`. It holds no key, no
account, no prediction IDs, and no links: it is made to be attached to an issue.`;

/** The report as Markdown. */
export function writeReport(facts: Fact[], { date, version, host, quotedUsd, key }: ReportHead): string {
	const topics = [...new Set(facts.map(({ topic }) => topic))];
	const tables = topics.map((topic) => {
		const rows = facts
			.filter((fact) => fact.topic === topic)
			.map(
				({ question, assumed, seen }) =>
					`| ${[question, assumed, withoutPersonalData(seen, key)].map(cell).join(' | ')} |`,
			);
		return `## ${topic}\n\n| question | assumed | seen |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
	});
	return [
		'# Live report\n',
		`${INTRODUCTION}\n`,
		`- Version ${version} of n8n-nodes-seedream, ${date.toISOString().slice(0, 16).replace('T', ' ')} UTC, host ${host}`,
		`- Quoted for what was bought: $${Number(quotedUsd.toFixed(4))}\n`,
		...tables,
	].join('\n');
}

/** Replaces whatever names the account, one of its predictions, or a file of theirs. */
function withoutPersonalData(text: string, key: string): string {
	return text
		.replaceAll(key, '(key)')
		.replace(/https?:\/\/[^\s”"']+/g, '(link)')
		.replace(/[\w.+-]+@[\w-]+\.[\w.]+/g, '(address)')
		.replace(/\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b(?=\w*\d)[\w-]{20,}\b/gi, '(ID)');
}

function cell(text: string): string {
	return text.replaceAll('|', '\\|').replace(/\s+/g, ' ');
}
