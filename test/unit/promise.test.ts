import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const tests = readFileSync(join(ROOT, 'test', 'engine', 'money.test.ts'), 'utf8');

/** The names of the tests, with the subject that they are grouped under. */
const named = new Set(
	tests.split(/^describe\(/m).flatMap((group) => {
		const subject = /^'([^']+)'/.exec(group)?.[1];
		return [...group.matchAll(/\bit\('([^']+)'/g)].map(([, what]) => `${subject} ${what}`.toLowerCase());
	}),
);

const section = /^## Billing and retries\n([\s\S]*?)^## /m.exec(readme)?.[1] ?? '';
const promises = [...section.matchAll(/^- \*\*(.+?)\*\* (.+)\.$/gm)].map(
	([, subject, what]) => `${subject} ${what}`,
);

it('finds the promise in the README', () => {
	expect(promises.length).toBeGreaterThan(15);
});

it.each(promises)('is tested word for word: %s', (promise) => {
	expect(named).toContain(promise.toLowerCase());
});
