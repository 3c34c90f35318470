import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { preparedPicture } from '../../sandbox/prepared';
import { runBatch } from '../engine';
import { atMost, megabytes, told, type BenchContext, type Group, type Row } from '../rows';
import { median, rounds } from '../statistics';

const MAX_MORE_MB = 50;
const MB = 1_000_000;

const UPLOAD = { resource: 'image', operation: 'upload' };
/** Edits of a picture at a data URI: nothing is uploaded, so that it is the downloads that count. */
const PIXEL =
	'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const DOWNLOAD = {
	images: PIXEL,
	size: '2048*2048',
	options: { maxDownloadMb: 300 },
};

async function uploadPeakMb({ host }: BenchContext, path: string): Promise<number> {
	return await host.with({}, async (sandbox) => {
		const job = { items: 1, input: { path }, parameters: UPLOAD, isWarm: false };
		return (await runBatch(host, sandbox, job)).peakMb;
	});
}

async function downloadPeakMb({ host }: BenchContext, items: number, megabytesEach: number): Promise<number> {
	const options = { predictSeconds: 0.3, preparedPictureBytes: megabytesEach * MB };
	return await host.with(options, async (sandbox) => {
		const job = { items, input: 'none' as const, parameters: DOWNLOAD, isWarm: false };
		const { peakMb, pictures } = await runBatch(host, sandbox, job);
		if (pictures !== items) throw new Error(`${pictures} pictures came of ${items}`);
		return peakMb;
	});
}

async function compare(
	what: string,
	count: number,
	smallMb: () => Promise<number>,
	largeMb: () => Promise<number>,
): Promise<Row[]> {
	type Pair = { small: number; large: number };
	const of = (all: Pair[], value: (pair: Pair) => number) => median(all.map(value));
	const more = (all: Pair[]) => of(all, ({ large }) => large) - of(all, ({ small }) => small);
	const measured = await rounds(
		count,
		(all: Pair[]) => more(all) > MAX_MORE_MB,
		async () => ({ small: await smallMb(), large: await largeMb() }),
	);
	const peaks = [of(measured, ({ large }) => large), of(measured, ({ small }) => small)].map(megabytes);
	return [
		told(`${what}: peaks`, peaks.join(' against ')),
		atMost(`${what}: more memory`, more(measured), MAX_MORE_MB, megabytes),
	];
}

export const memory: Group = {
	name: 'memory',
	title: 'Memory',
	takes: 'about 3 minutes',
	note: 'Peak resident memory of a process of its own with n8n-core in it, filesystem mode.',
	async measure(context) {
		const [small, large] = context.isShort ? [2, 6] : [80, 240];
		const [few, many, each] = context.isShort ? [2, 5, 2] : [5, 50, 20];
		const count = context.isShort ? 1 : 3;
		const folder = await mkdtemp(join(tmpdir(), 'seedream-bench-'));
		try {
			const file = async (size: number) => (await preparedPicture('png', size * MB)).path;
			const [smallFile, largeFile] = [await file(small), await file(large)];
			return [
				...(await compare(
					`Upload of ${large} MB against ${small} MB`,
					count,
					async () => await uploadPeakMb(context, smallFile),
					async () => await uploadPeakMb(context, largeFile),
				)),
				...(await compare(
					`Download of ${large} MB against ${small} MB`,
					count,
					async () => await downloadPeakMb(context, 1, small),
					async () => await downloadPeakMb(context, 1, large),
				)),
				...(await compare(
					`${many} downloads of ${each} MB against ${few}`,
					count,
					async () => await downloadPeakMb(context, few, each),
					async () => await downloadPeakMb(context, many, each),
				)),
			];
		} finally {
			await rm(folder, { recursive: true, force: true });
		}
	},
};
