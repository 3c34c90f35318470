import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

/** Runs a file of this folder in a process of its own. */
export function startChild(file: string): ChildProcess {
	return fork(join(__dirname, file), {
		execArgv: ['--import', 'tsx'],
		env: { ...process.env, N8N_LOG_LEVEL: 'silent', NODE_ENV: 'production' },
	});
}
