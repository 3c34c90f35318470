/* The example workflows as people see them: tidy canvases, notes that fit their workflow, and the words of the house. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IConnections, INode } from 'n8n-workflow';

interface Workflow {
	name: string;
	nodes: INode[];
	connections: IConnections;
}

interface Box {
	name: string;
	left: number;
	top: number;
	right: number;
	bottom: number;
}

const ROOT = join(__dirname, '..', '..');
const FOLDERS = ['examples', 'docs/recipes'];
const filesOf = (folder: string): string[] =>
	readdirSync(join(ROOT, folder)).filter((file) => file.endsWith('.json'));
const workflows = new Map(
	FOLDERS.flatMap((folder) =>
		filesOf(folder).map((file): [string, Workflow] => [
			file,
			JSON.parse(readFileSync(join(ROOT, folder, file), 'utf8')) as Workflow,
		]),
	),
);
const read = (file: string): Workflow => workflows.get(file)!;

const isNote = ({ type }: INode): boolean => type === 'n8n-nodes-base.stickyNote';
const notesOf = ({ nodes }: Workflow): INode[] => nodes.filter(isNote);
const textOf = ({ parameters }: INode): string => String(parameters.content);

/* Sizes in n8n 2.41.1's editor: nodes are 96 pixels wide and high; the name below may be twice as wide, and has up to
 * two lines and a subtitle. A node that other nodes hang on, and one with three outputs, is larger. */
const NODE = 96;
const LARGE_NODE = { agent: { width: 224 }, mcpTrigger: { width: 224 }, switch: { height: 128 } };
const LABEL = { side: 48, height: 64 };

function sizeOf({ type }: INode): { width: number; height: number } {
	const kind = type.split('.')[1] as keyof typeof LARGE_NODE;
	return { width: NODE, height: NODE, ...LARGE_NODE[kind] };
}

/** A node with its name, or a note. */
function boxOf(node: INode): Box {
	const [left, top] = node.position;
	const { name } = node;
	if (isNote(node)) {
		const { width, height } = node.parameters as { width: number; height: number };
		return { name, left, top, right: left + width, bottom: top + height };
	}
	const { width, height } = sizeOf(node);
	return {
		name,
		left: left - LABEL.side,
		top,
		right: left + width + LABEL.side,
		bottom: top + height + LABEL.height,
	};
}

function overlaps(boxes: Box[]): string[] {
	return boxes.flatMap((one, index) =>
		boxes
			.slice(index + 1)
			.filter(
				(other) =>
					one.left < other.right &&
					other.left < one.right &&
					one.top < other.bottom &&
					other.top < one.bottom,
			)
			.map((other) => `${one.name} and ${other.name}`),
	);
}

/** Pairs of source and target, of connections of the main kind or of those of an agent's parts. */
function connected({ nodes, connections }: Workflow, isMain: boolean): Array<[INode, INode]> {
	const find = (name: string) => nodes.find((node) => node.name === name)!;
	return Object.entries(connections).flatMap(([source, byType]) =>
		Object.entries(byType)
			.filter(([type]) => (type === 'main') === isMain)
			.flatMap(([, outputs]) => outputs.flatMap((targets) => targets ?? []))
			.map(({ node }): [INode, INode] => [find(source), find(node)]),
	);
}

const say = (pairs: Array<[INode, INode]>) =>
	pairs.map(([source, target]) => `${source.name} → ${target.name}`);

describe.each([...workflows.keys()])('%s', (file) => {
	const workflow = read(file);

	test('nothing lies on anything else', () => {
		expect(overlaps(workflow.nodes.map(boxOf))).toEqual([]);
	});

	test('connections go from left to right, and those of an agent’s parts up to it', () => {
		const back = connected(workflow, true).filter(([from, to]) => from.position[0] >= to.position[0]);
		const down = connected(workflow, false).filter(([from, to]) => from.position[1] <= to.position[1]);
		expect(say([...back, ...down])).toEqual([]);
	});

	test('all nodes lie on the grid, as n8n places them', () => {
		const off = workflow.nodes.filter(({ position }) => position.some((side) => side % 16 !== 0));
		expect(off.map(({ name }) => name)).toEqual([]);
	});

	test('a note says what it does, how it works, and how to set it up', () => {
		const [main] = notesOf(workflow).map(textOf);
		expect(main.match(/^#+ .*$/gm)?.slice(1)).toEqual(['### What it does', '### How it works', '### Set up']);
	});

	test('the notes name nodes that are there', () => {
		// The halves of an example in two files may name each other's nodes.
		const family = file.replace(/-\d-\w+\.json$/, '');
		const names = [...workflows]
			.filter(([other]) => other === file || other.startsWith(`${family}-`))
			.flatMap(([, { nodes }]) => nodes.map(({ name }) => name));
		const named = notesOf(workflow).flatMap((note) =>
			[...textOf(note).matchAll(/\*\*(.+?)\*\*/g)].map(([, name]) => name),
		);
		expect(named).not.toEqual([]);
		expect(named.filter((name) => !names.includes(name))).toEqual([]);
	});

	test('expressions name nodes that are there', () => {
		const names = workflow.nodes.map(({ name }) => name);
		const named = [...JSON.stringify(workflow.nodes).matchAll(/\$\('(.+?)'\)/g)].map(([, name]) => name);
		expect(named.filter((name) => !names.includes(name))).toEqual([]);
	});

	test('all words are those of the house', () => {
		const { name, nodes } = workflow;
		const text = [name, ...nodes.flatMap((node) => [node.name, JSON.stringify(node.parameters)])].join('\n');
		expect(text.match(/\b(pictures?|wish|wishes|paid|bought|buy|colour|centred)\b/gi)).toBeNull();
	});

	test('a form’s error page leads back to the form', () => {
		const paths = workflow.nodes
			.filter(({ type }) => type === 'n8n-nodes-base.formTrigger')
			.map(({ parameters }) => (parameters.options as { path: string }).path);
		const errors = workflow.nodes.filter(
			({ name, type }) => type === 'n8n-nodes-base.form' && name === 'Show the Error',
		);
		for (const { parameters } of errors) {
			expect(parameters.completionTitle).toBe('Sorry, that didn’t work');
			expect(parameters.completionMessage).toContain(`'/form/${paths[0]}'`);
		}
	});
});

test('our nodes wait for the credential that n8n would name so, and hold none', () => {
	const ours = [...workflows.values()]
		.flatMap(({ nodes }) => nodes)
		.filter(({ type }) => type.startsWith('n8n-nodes-seedream.'));
	expect(ours.length).toBeGreaterThan(workflows.size);
	for (const { credentials } of ours) {
		expect(credentials).toEqual({
			atlasCloudSeedreamApi: { id: '', name: 'Atlas Cloud (Seedream) account' },
		});
	}
});

test.each(filesOf('examples'))('examples/%s needs no disk', (file) => {
	expect(JSON.stringify(read(file))).not.toMatch(/readWriteFile|n8n-files/);
});

describe.each(FOLDERS)('%s/README.md', (folder) => {
	const readme = readFileSync(join(ROOT, folder, 'README.md'), 'utf8');
	const links = [...readme.matchAll(/\]\(([^)#\s]+)\)/g)].map(([, target]) => target);

	test('links to every workflow, and shows every canvas there is', () => {
		const images = existsSync(join(ROOT, folder, 'images')) ? readdirSync(join(ROOT, folder, 'images')) : [];
		const wanted = [...filesOf(folder), ...images.map((image) => `images/${image}`)];
		expect(wanted.filter((target) => !links.includes(target))).toEqual([]);
		const names = filesOf(folder).map((file) => file.replace('.json', '.webp'));
		expect(images.filter((image) => !names.includes(image))).toEqual([]);
	});
});

/** What people type into Import from URL. */
test('the URLs to import from are those of the examples', () => {
	const readme = readFileSync(join(ROOT, 'examples/README.md'), 'utf8');
	const raw = 'https://raw.githubusercontent.com/n8n-nodes-seedream/n8n-nodes-seedream/main/examples/';
	const urls = [...readme.matchAll(/https:\/\/raw\S+\.json/g)].map(([url]) => url);
	expect(urls.sort()).toEqual(
		filesOf('examples')
			.map((file) => raw + file)
			.sort(),
	);
});
