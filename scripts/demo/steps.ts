/* Prints what happens in a demo while it happens. */
import type { DoneRequest } from './requests';

export class Steps {
	private readonly startedAt = Date.now();

	private polls = 0;

	private edited = 0;

	private isProgressOpen = false;

	/** @param rows how many results are expected; with more than one, requests become one progress line */
	constructor(private readonly rows: number) {}

	say(text: string): void {
		this.endProgress();
		console.log(`${this.clock()}  ${text}`);
	}

	onRequest({ kind, tookMs, status, bytes }: DoneRequest): void {
		const isGood = status >= 200 && status < 300;
		if (kind === 'poll') this.polls++;
		if (this.rows > 1) {
			if (kind === 'download' && isGood) this.showProgress();
			return;
		}
		const took = `(${tookMs} ms)`;
		if (!isGood && ['upload', 'submit', 'download'].includes(kind))
			this.say(`  ${kind}: answered ${status}, ${took}`);
		else if (kind === 'upload') this.say(`  uploaded the image ${took}`);
		else if (kind === 'submit') this.say(`  submitted ${took}: this is what costs`);
		else if (kind === 'download') {
			this.say(`  finished after ${this.polls} poll${this.polls === 1 ? '' : 's'}`);
			this.say(`  downloaded the result, ${describeBytes(bytes)} ${took}`);
			this.polls = 0;
		}
	}

	/** One line that is written over in a terminal, and a line per quarter elsewhere. */
	private showProgress(): void {
		this.edited++;
		const bar = '█'.repeat(this.edited) + '░'.repeat(Math.max(0, this.rows - this.edited));
		const line = `${this.clock()}    ${bar} ${this.edited} of ${this.rows} edited`;
		if (process.stdout.isTTY) {
			process.stdout.write(`\r${line}`);
			this.isProgressOpen = true;
		} else if (this.edited % Math.ceil(this.rows / 4) === 0) console.log(line);
	}

	private endProgress(): void {
		if (this.isProgressOpen) process.stdout.write('\n');
		this.isProgressOpen = false;
	}

	private clock(): string {
		return `${((Date.now() - this.startedAt) / 1000).toFixed(1).padStart(6)} s`;
	}
}

function describeBytes(bytes: number): string {
	if (bytes === 0) return 'of a length not told';
	return bytes < 1e6 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
