/* Looks for many items in an account's history, in a process of its own: what it costs on this side of the network. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { EarlierInputs } from '../nodes/AtlasCloud/api/purchases/earlierInputs';
import { Ledger } from '../nodes/AtlasCloud/api/purchases/ledger';
import { identify } from '../nodes/AtlasCloud/api/purchases/request';
import { Search } from '../nodes/AtlasCloud/api/purchases/search';
import { AtlasClient } from '../nodes/AtlasCloud/api/http/client';
import type { Http } from '../nodes/AtlasCloud/api/http/http';
import { startClock } from '../nodes/AtlasCloud/n8n/clock';

export interface SearchJob {
	rows: number;
	items: number;
	/** Of the result in each row. */
	resultBytes: number;
	/** Whether all rows and items have the same prompt, and differ by their files only. */
	isSamePrompt: boolean;
}

export interface SearchCost {
	/** Of one processor. */
	cpuMs: number;
	/** Longest time that nothing else in n8n could run. */
	longestBlockMs: number;
	/** Resident memory above that before the search, at its peak. */
	peakMb: number;
}

const MODEL = 'bytedance/seedream-v5.0-lite/edit';
const HOUR_MS = 3_600_000;
/** A page arrives in chunks of this size, as from a network. */
const FILLER = Buffer.alloc(65_536, 'x');

function rowOf({ isSamePrompt }: SearchJob, index: number, nowMs: number): object {
	const id = `earlier-${index}`;
	const images = [`https://files.example.com/${id}.png`];
	const body = { model: MODEL, prompt: isSamePrompt ? 'Make it gold' : `Make it gold, ${id}`, images };
	return {
		ID: id,
		createdAt: Math.floor(nowMs / 1_000) - 60,
		model: MODEL,
		requestBody: JSON.stringify(body),
		result: { id, status: 'completed', outputs: ['https://files.example.com/out.png', 'FILLER'] },
	};
}

/** The rows of a page, one after another, so that this service itself holds nothing of them. */
function* pageOf(job: SearchJob, no: number, size: number): Generator<Buffer> {
	const from = (no - 1) * size;
	yield Buffer.from(`{"code":200,"data":{"total":${job.rows},"items":[`);
	for (let index = from; index < Math.min(from + size, job.rows); index++) {
		const [start, end] = JSON.stringify(rowOf(job, index, Date.now())).split('FILLER');
		yield Buffer.from(index > from ? `,${start}` : start);
		for (let left = job.resultBytes; left > 0; left -= FILLER.length) yield FILLER.subarray(0, left);
		yield Buffer.from(end);
	}
	yield Buffer.from(']}}');
}

/** Large chunks come in a turn of the event loop each, as from a network. */
async function* arriving(page: Generator<Buffer>): AsyncGenerator<Buffer> {
	let small: Buffer[] = [];
	for (const part of page) {
		if (part.length < FILLER.length) {
			small.push(part);
			continue;
		}
		await nextTurn();
		yield Buffer.concat([...small, part]);
		small = [];
	}
	await nextTurn();
	yield Buffer.concat(small);
}

function historyOf(job: SearchJob): Http {
	return {
		async send({ url }) {
			const query = new URL(url).searchParams;
			const page = pageOf(job, Number(query.get('no')), Number(query.get('size')));
			const headers = { date: new Date().toUTCString() };
			return { statusCode: 200, headers, body: Object.assign(arriving(page), { destroy() {} }) };
		},
	};
}

async function measure(job: SearchJob): Promise<SearchCost> {
	const client = new AtlasClient('https://api.example.com', historyOf(job), startClock(), undefined);
	const ledger = new Ledger(
		{ records: {}, takenIds: {} },
		{ executionId: '1', runIndex: 0, isTool: false, parametersHash: 'p' },
	);
	const search = new Search(client, ledger, new EarlierInputs(client, undefined));
	const delay = monitorEventLoopDelay({ resolution: 1 });
	const before = process.memoryUsage.rss();
	const cpu = process.cpuUsage();
	delay.enable();
	const startMs = Date.now();
	const taken = await Promise.all(
		Array.from({ length: job.items }, async (_, index) => {
			const url = `https://files.example.com/new-${index}.png`;
			const prompt = job.isSamePrompt ? 'Make it gold' : `Make it gold, new ${index}`;
			const body = { model: MODEL, prompt };
			const identity = identify({ body, inputs: [{ path: ['images', 0], url }] });
			const query = {
				identity,
				sinceMs: startMs - HOUR_MS,
				mayHaveFailed: true,
				giveUpAtMs: startMs + HOUR_MS,
			};
			return await search.take(query, ({ id }) => id);
		}),
	);
	delay.disable();
	if (taken.some((id) => id !== null)) throw new Error('Another file’s prediction was taken');
	const { user, system } = process.cpuUsage(cpu);
	return {
		cpuMs: (user + system) / 1_000,
		longestBlockMs: delay.max / 1e6,
		peakMb: process.resourceUsage().maxRSS / 1_000 - before / 1e6,
	};
}

measure(JSON.parse(process.argv[2]) as SearchJob).then(
	(cost) => console.log(JSON.stringify(cost)),
	(error: unknown) => {
		console.error(error);
		process.exitCode = 1;
	},
);
