import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const page = readFileSync(join(ROOT, 'docs', 'billing.md'), 'utf8');
const folder = join(ROOT, 'test', 'engine', 'money');
const tests = readdirSync(folder)
	.filter((file) => file.endsWith('.test.ts'))
	.map((file) => readFileSync(join(folder, file), 'utf8'))
	.join('\n');

/** The names of the tests, with the subject that they are grouped under. */
const named = new Set(
	tests.split(/^describe\(/m).flatMap((group) => {
		const subject = /^'([^']+)'/.exec(group)?.[1];
		return [...group.matchAll(/\bit\('([^']+)'/g)].map(([, what]) => `${subject} ${what}`.toLowerCase());
	}),
);

const promises = [...page.matchAll(/^- \*\*(.+?)\*\* (.+)\.$/gm)].map(
	([, subject, what]) => `${subject} ${what}`,
);

it('finds the promises in docs/billing.md', () => {
	expect(promises.length).toBeGreaterThan(15);
});

it.each(promises)('is tested word for word: %s', (promise) => {
	expect(named).toContain(promise.toLowerCase());
});
