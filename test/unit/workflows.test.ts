import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(__dirname, '..', '..', '.github', 'workflows');
const actions = readdirSync(folder).flatMap((file) =>
	[...readFileSync(join(folder, file), 'utf8').matchAll(/uses: *(\S+)(.*)/g)].map(
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
