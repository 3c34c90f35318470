/* The pages for people: short enough, nothing missing that they link to, each promise tested; and the workflows of CI. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const PAGES = [
	'README.md',
	'CONTRIBUTING.md',
	'CHANGELOG.md',
	'docs/architecture.md',
	'docs/atlas-cloud-api.md',
	'docs/billing.md',
	'docs/queue-mode.md',
	'docs/reference.md',
	'docs/recipes/README.md',
	'docs/releasing.md',
	'docs/running.md',
	'examples/README.md',
];
const MAX_README_WORDS = 800;

const read = (page: string) => readFileSync(join(ROOT, page), 'utf8');

/** GitHub's address of a heading. */
const anchorOf = (heading: string) =>
	heading
		.toLowerCase()
		.replace(/[^\p{L}\p{N} -]/gu, '')
		.replaceAll(' ', '-');

const anchorsOf = (page: string) =>
	[...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading));

/** Where the links of a page lead, other than to the web: a file from the root, and a heading in it. */
const linksOf = (page: string) =>
	[...read(page).matchAll(/\]\(([^)\s]+)\)/g)]
		.map(([, target]) => target)
		.filter((target) => !/^https?:/.test(target))
		.map((target) => {
			const [path, anchor] = target.split('#');
			return { file: path ? relative(ROOT, join(ROOT, dirname(page), path)) : page, anchor };
		});

const links = PAGES.flatMap((page) => linksOf(page).map((link) => ({ page, ...link })));

it('keeps the README short', () => {
	expect(read('README.md').split(/\s+/).filter(Boolean).length).toBeLessThanOrEqual(MAX_README_WORDS);
});

it('finds links', () => {
	expect(links.length).toBeGreaterThan(30);
});

it.each(links)('$page links to $file $anchor', ({ file, anchor }) => {
	expect(existsSync(join(ROOT, file))).toBe(true);
	if (anchor) expect(anchorsOf(file)).toContain(anchor);
});

it('has every heading of the README that a credential or node links to', () => {
	const linked = ['nodes', 'credentials'].flatMap((folder) =>
		readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
			.filter((file) => /\.(ts|json)$/.test(file))
			.flatMap((file) => [...read(join(folder, file)).matchAll(/n8n-nodes-seedream#(?!readme)([\w-]+)/g)])
			.map(([, anchor]) => anchor),
	);
	expect(linked.length).toBeGreaterThan(3);
	expect(anchorsOf('README.md')).toEqual(expect.arrayContaining(linked));
});

it('shows every picture of docs/ on a page', () => {
	const pictures = readdirSync(join(ROOT, 'docs'))
		.filter((file) => /\.(png|webp)$/.test(file))
		.map((file) => `docs/${file}`);
	expect(pictures.length).toBeGreaterThan(0);
	const shown = new Set(links.map(({ file }) => file));
	expect(pictures.filter((picture) => !shown.has(picture))).toEqual([]);
});

/** Comments refer to a section of the page on the API as `docs/atlas-cloud-api.md, Section`, or to the page alone. */
it('has every section on the API that a comment refers to', () => {
	const sections = [...read('docs/atlas-cloud-api.md').matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
	const referenced = ['nodes', 'credentials', 'sandbox'].flatMap((folder) =>
		readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
			.filter((file) => file.endsWith('.ts'))
			.flatMap((file) => [
				...read(join(folder, file))
					.replace(/\s*\n\s*(\*|\/\/) ?/g, ' ')
					.matchAll(/docs\/atlas-cloud-api\.md, ([A-Z][\w. ]*)/g),
			])
			.map(([, reference]) => reference),
	);
	expect(referenced.length).toBeGreaterThan(20);
	const known = (reference: string) => sections.some((section) => reference.startsWith(section));
	expect(referenced.filter((reference) => !known(reference))).toEqual([]);
});

const money = join(ROOT, 'test', 'engine', 'money');
const moneyTests = readdirSync(money)
	.filter((file) => file.endsWith('.test.ts'))
	.map((file) => readFileSync(join(money, file), 'utf8'))
	.join('\n');

/** The names of the tests, with the subject that they are grouped under. */
const named = new Set(
	moneyTests.split(/^describe\(/m).flatMap((group) => {
		const subject = /^'([^']+)'/.exec(group)?.[1];
		return [...group.matchAll(/\bit\('([^']+)'/g)].map(([, what]) => `${subject} ${what}`.toLowerCase());
	}),
);

const promises = [...read('docs/billing.md').matchAll(/^- \*\*(.+?)\*\* (.+)\.$/gm)].map(
	([, subject, what]) => `${subject} ${what}`,
);

it('finds the promises in docs/billing.md', () => {
	expect(promises.length).toBeGreaterThan(15);
});

it.each(promises)('a promise is tested word for word: %s', (promise) => {
	expect(named).toContain(promise.toLowerCase());
});

it('a release is built by its workflow: npm runs no scripts', () => {
	expect(read('.npmrc')).toContain('ignore-scripts=true');
	expect(read('.github/workflows/release.yml')).toMatch(/run: npm run build\n[^]*npm publish/);
});

const folder = join('.github', 'workflows');
const actions = readdirSync(join(ROOT, folder)).flatMap((file) =>
	[...read(join(folder, file)).matchAll(/uses: *(\S+)(.*)/g)].map(
		([, action, comment]) => [file, action, comment] as const,
	),
);

it.each(actions)(
	'%s uses %s: a commit that nobody can move, with its version beside it',
	(_, action, comment) => {
		expect(action).toMatch(/@[0-9a-f]{40}$/);
		expect(comment).toMatch(/^ # v\d+\.\d+\.\d+$/);
	},
);
