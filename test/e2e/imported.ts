/* Workflows of `examples/` in a running n8n, and what their cases share. */
import type { IDataObject } from 'n8n-workflow';
import { FormData, request } from 'undici';
import { loadExample, type ExampleOptions } from '../../scripts/n8n/example';
import type { Execution } from '../../scripts/n8n/execution';
import type { NodeExport } from '../../scripts/n8n/instance';
import type { Server, StoredWorkflow } from '../../scripts/n8n/server';
import { API_KEY, CREDENTIALS, type Bench } from './cases';

/** What importing an example needs of a bench, so that a bench of another kind can do it too. */
type Importer = Pick<Bench, 'atEnd'> & { instance: Pick<Bench['instance'], 'filesFolder'> };

/** Imports an example as the editor's “Import from File” does, with our credential chosen. */
export async function importExample(
	bench: Importer,
	server: Server,
	name: string,
	adapt?: ExampleOptions['adapt'],
): Promise<StoredWorkflow> {
	const { filesFolder } = bench.instance;
	const workflow = await loadExample(name, { id: '', filesFolder, credentials: CREDENTIALS, adapt });
	return await server.createWorkflow(workflow);
}

/** Imports an example and publishes it until the case is over. */
export async function publishExample(
	bench: Importer,
	server: Server,
	name: string,
	adapt?: ExampleOptions['adapt'],
): Promise<StoredWorkflow> {
	const workflow = await importExample(bench, server, name, adapt);
	await server.activate(workflow.id);
	bench.atEnd(async () => await server.deactivate(workflow.id));
	return workflow;
}

/** Imports an example and presses “Execute workflow”. */
export async function runExample(
	bench: Bench,
	name: string,
	adapt?: ExampleOptions['adapt'],
): Promise<Execution> {
	const server = await bench.server();
	const { id } = await importExample(bench, server, name, adapt);
	return await runOnce(server, id);
}

/** Presses “Execute workflow”, and waits for its end. */
export async function runOnce(server: Server, id: string): Promise<Execution> {
	return (await server.waitForExecution(await server.runManually(id))).expectSuccess();
}

/** Puts a picture where the internet would have it: among the sandbox's files. Answers its address. */
export async function hosted(
	bench: Pick<Bench, 'sandbox'>,
	bytes: Buffer,
	fileName: string,
): Promise<string> {
	const form = new FormData();
	form.set('file', new File([bytes], fileName));
	const { statusCode, body } = await request(`${bench.sandbox.baseUrl}/api/v1/model/uploadMedia`, {
		method: 'POST',
		headers: { authorization: `Bearer ${API_KEY}` },
		body: form,
	});
	const text = await body.text();
	const answer = JSON.parse(text) as { data?: { download_url?: string } };
	const url = answer.data?.download_url;
	if (!url) throw new Error(`The sandbox did not take ${fileName}: ${statusCode} ${text}`);
	return url;
}

/** The only answer to a form or JSON sent to a webhook. */
export async function post(
	server: Server,
	path: string,
	body: FormData | object,
): Promise<{ status: number; contentType: string; bytes: Buffer; json: () => unknown }> {
	const isForm = body instanceof FormData;
	const response = await server.request(path, {
		method: 'POST',
		body: isForm ? body : JSON.stringify(body),
		...(!isForm && { headers: { 'content-type': 'application/json' } }),
	});
	const bytes = Buffer.from(await response.arrayBuffer());
	return {
		status: response.status,
		contentType: response.headers.get('content-type') ?? '',
		bytes,
		json: () => JSON.parse(bytes.toString('utf8')) as unknown,
	};
}

/** The rows of one of n8n's data tables, oldest first. */
export async function tableRows(server: Server, name: string): Promise<IDataObject[]> {
	const { projectId, id } = await dataTable(server, name);
	const { data } = await server.rest<{ data: IDataObject[] }>(
		'GET',
		`projects/${projectId}/data-tables/${id}/rows?sortBy=id:asc`,
	);
	return data;
}

async function dataTable(server: Server, name: string): Promise<{ id: string; projectId: string }> {
	const filter = encodeURIComponent(JSON.stringify({ name }));
	const tables = await server.rest<{ data: Array<{ id: string; name: string; projectId: string }> }>(
		'GET',
		`data-tables-global?filter=${filter}`,
	);
	const table = tables.data.find((one) => one.name === name);
	if (!table) throw new Error(`n8n has no data table “${name}”.`);
	return table;
}

/** Good enough for a sheet of our own: quoted fields hold no line breaks here. */
export function readCsv(text: string): Array<Record<string, string>> {
	const cells = (line: string) =>
		[...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)]
			.slice(0, -1)
			.map(([, cell]) => (cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell));
	const [header, ...lines] = text
		.replace(/^\uFEFF/, '')
		.trim()
		.split(/\r?\n/);
	const names = cells(header);
	return lines.map((line) => Object.fromEntries(cells(`${line},`).map((cell, i) => [names[i] ?? '', cell])));
}

export async function download(url: string): Promise<Buffer> {
	const { body } = await request(url);
	return Buffer.from(await body.arrayBuffer());
}

/** A sheet in chunks of so many rows, so that a small one has several. */
export const inChunksOf =
	(size: number) =>
	(node: NodeExport): NodeExport => {
		const parameters = JSON.stringify(node.parameters).replace('.chunk(100)', `.chunk(${size})`);
		return { ...node, parameters: JSON.parse(parameters) as NodeExport['parameters'] };
	};
