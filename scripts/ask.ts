import { createInterface } from 'node:readline/promises';

/** Asks before money is spent. Where nobody can answer, only `--yes` counts. */
export async function confirmSpending(notice: string, isAgreed: boolean): Promise<boolean> {
	console.log(notice);
	if (isAgreed) return true;
	if (!process.stdin.isTTY) {
		console.log('Nothing was sent. To agree where nobody can be asked, add --yes.');
		return false;
	}
	const terminal = createInterface({ input: process.stdin, output: process.stdout });
	const answer = await terminal.question('Go on? (y/N) ');
	terminal.close();
	return /^y(es)?$/i.test(answer.trim());
}
