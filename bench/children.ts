import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

/**
 * Runs a file of this folder in a process of its own.
 * @param heapMb the most that its JavaScript heap may hold; unlimited, V8 cleans up only when it must
 */
export function startChild(file: string, heapMb?: number): ChildProcess {
	return fork(join(__dirname, file), {
		execArgv: ['--import', 'tsx', ...(heapMb ? [`--max-old-space-size=${heapMb}`] : [])],
		env: { ...process.env, N8N_LOG_LEVEL: 'silent', NODE_ENV: 'production' },
	});
}
