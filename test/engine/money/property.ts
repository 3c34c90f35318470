import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { IDataObject } from 'n8n-workflow';
import type { Endpoint, Fault, FaultAction, Sandbox } from '../../../sandbox';
import {
	fastSandbox,
	picture,
	pictureOf,
	runSeedream,
	sha256,
	V4,
	type InputItem,
	type SeedreamOptions,
	type SeedreamResult,
} from '../seedream';
import { retryByPerson } from './again';
import { GATEWAY_PAGE } from './cases';
import { fastClock } from './fastTime';

/** A batch and everything that happens to it. */
export interface Story {
	/** Per item which of three pictures it has, and how. Equal ones are duplicates, and edits of their own. */
	items: Array<{ picture: number; as: 'binary' | 'url'; prompt: number }>;
	operation: 'edit' | 'submit';
	faults: Fault[];
	/** Tries that n8n makes; 1: Retry On Fail is off. */
	tries: number;
	stops: boolean;
	concurrency: number;
	historyDelaySeconds: number;
	foreignTasks: number;
	skewSeconds: number;
	warmUpSeconds: number;
	keepUploadNames: boolean;
	/** What follows: a person retries a failed execution, or n8n crashes and the execution is retried without its context. */
	retries: Array<'person' | 'crash'>;
	/** So many submits before the first crash; null: it comes when the node is through. */
	crashAfterSubmits: number | null;
}

const PICTURES = 3;

const whenFor = fc.record({
	nth: fc.integer({ min: 1, max: 4 }),
	times: fc.constantFrom(1, 1, 2, 3),
});

function faultOn(endpoint: Endpoint, actions: FaultAction[]): fc.Arbitrary<Fault> {
	return fc
		.tuple(fc.constantFrom(...actions), whenFor)
		.map(([action, when]) => ({ endpoint, action, ...when }));
}

const status = (code: number, extra: { handled?: boolean; page?: boolean } = {}): FaultAction => ({
	type: 'status',
	status: code,
	...(extra.page ? { body: GATEWAY_PAGE } : {}),
	...(extra.handled ? { handled: true } : {}),
});

const READ_TROUBLE: FaultAction[] = [
	{ type: 'resetBefore' },
	{ type: 'resetAfter' },
	{ type: 'delay', seconds: 2 },
	{ type: 'truncate' },
	{ type: 'malformedJson' },
	{ type: 'wrongTypes' },
	{ type: 'emptyObject' },
	status(429),
	status(500),
	status(502, { page: true }),
	status(503),
	status(404),
];

const SUBMIT_TROUBLE: FaultAction[] = [
	...READ_TROUBLE,
	// An answer that is lost after the work is what this is about: it comes up more often.
	{ type: 'resetAfter' },
	{ type: 'resetAfter' },
	{ type: 'truncate' },
	status(500, { handled: true }),
	status(502, { handled: true, page: true }),
	status(504, { handled: true, page: true }),
	status(408, { handled: true, page: true }),
	status(429, { handled: true, page: true }),
	status(400, { page: true }),
	status(402),
	{ type: 'redirect', location: 'http://127.0.0.1:9/' },
	// One that fails and is bought anew, too.
	{ type: 'failTask', shape: 'status200' },
	{ type: 'failTask', shape: 'status200' },
	{ type: 'failTask', shape: 'http500' },
	{ type: 'failTask', shape: 'nsfw' },
	{ type: 'failTask', shape: 'moderation' },
	{ type: 'patchResult', patch: { outputs: ['http://169.254.169.254/'] } },
];

export const stories: fc.Arbitrary<Story> = fc.record({
	items: fc.array(
		fc.record({
			picture: fc.nat({ max: PICTURES - 1 }),
			as: fc.constantFrom('binary' as const, 'binary' as const, 'url' as const),
			prompt: fc.nat({ max: 1 }),
		}),
		{ minLength: 1, maxLength: 6 },
	),
	operation: fc.constantFrom('edit' as const, 'edit' as const, 'edit' as const, 'submit' as const),
	faults: fc.array(
		fc.oneof(
			{ weight: 3, arbitrary: faultOn('submit', SUBMIT_TROUBLE) },
			{ weight: 1, arbitrary: faultOn('upload', READ_TROUBLE) },
			{ weight: 1, arbitrary: faultOn('prediction', READ_TROUBLE) },
			{ weight: 1, arbitrary: faultOn('history', READ_TROUBLE) },
			{ weight: 1, arbitrary: faultOn('file', [...READ_TROUBLE, { type: 'corruptPicture' }]) },
		),
		{ maxLength: 4 },
	),
	tries: fc.constantFrom(1, 2, 3),
	stops: fc.boolean(),
	concurrency: fc.constantFrom(1, 2, 20),
	historyDelaySeconds: fc.constantFrom(0, 0, 5, 90),
	foreignTasks: fc.constantFrom(0, 3),
	skewSeconds: fc.constantFrom(0, -120, 45),
	warmUpSeconds: fc.constantFrom(0, 10),
	keepUploadNames: fc.constantFrom(true, true, false),
	retries: fc.array(fc.constantFrom<Array<Story['retries'][number]>>('person', 'crash'), {
		maxLength: 2,
	}),
	crashAfterSubmits: fc.constantFrom(null, 1, 2, 3),
});

/** After so long, beside the history's delay, a request that was cut off has done what it does, in ms. */
const SETTLED_MS = 20_000;

/** What the cases of a run came to, to be told at its end. */
export interface Tally {
	cases: number;
	items: number;
	charges: number;
	doubleCharges: number;
	lostIds: number;
	pictures: number;
	unknown: number;
	errors: number;
	crashes: number;
	personRetries: number;
}

/** One sandbox and its pictures, for many stories one after another. */
export class Stage {
	readonly tally: Tally = {
		cases: 0,
		items: 0,
		charges: 0,
		doubleCharges: 0,
		lostIds: 0,
		pictures: 0,
		unknown: 0,
		errors: 0,
		crashes: 0,
		personRetries: 0,
	};

	private constructor(
		private readonly sandbox: Sandbox,
		private readonly photos: Buffer[],
		private readonly urls: string[],
		/** Called when the sandbox has answered a submit, or its client is gone. */
		private readonly submits: { onOver: () => void },
	) {}

	static async open(seed: number): Promise<Stage> {
		const submits = { onOver: () => {} };
		const sandbox = await fastSandbox({
			clock: fastClock,
			seed,
			onRequestOver: ({ endpoint }) => endpoint === 'submit' && submits.onOver(),
		});
		const colours = ['#e02020', '#20e020', '#2020e0'].slice(0, PICTURES);
		const photos = await Promise.all(colours.map(async (left) => await picture({ left })));
		const urls = colours.map((_colour, i) => {
			const id = sandbox.addForeignTask({ model: V4, prompt: `a picture at an address ${i}`, images: [] });
			return sandbox.ledger.predictions.get(id)?.outputs[0] ?? '';
		});
		return new Stage(sandbox, photos, urls, submits);
	}

	async close(): Promise<void> {
		await this.sandbox.close();
	}

	/** Runs a story in n8n's engine. @throws where a promise is broken */
	async play(story: Story): Promise<void> {
		const { sandbox } = this;
		const { ledger } = sandbox;
		sandbox.clearFaults();
		sandbox.setOptions({
			history: { delaySeconds: story.historyDelaySeconds, foreignTasks: story.foreignTasks },
			clockSkewSeconds: story.skewSeconds,
			warmUp: { seconds: story.warmUpSeconds, status: 404 },
			keepUploadNames: story.keepUploadNames,
		});
		for (const fault of story.faults) sandbox.addFault(fault);
		const name = createHash('sha256')
			.update(`${this.tally.cases}/${JSON.stringify(story)}`)
			.digest('hex')
			.slice(0, 12);
		const wanted = story.items.map((item): Wanted => ({ ...item, prompt: `${name} wish ${item.prompt}` }));
		const before = ledger.charges.length;
		const { result, crashes } = await this.runAll(story, {
			sandbox,
			items: wanted.map((item): InputItem => this.inputOf(item)),
			parameters: {
				resource: story.operation === 'edit' ? 'image' : 'prediction',
				operation: story.operation,
				prompt: '={{ $json.prompt }}',
				size: '1024*1024',
				imageSource: 'both',
				inputDataFieldName: '={{ $json.field }}',
				imageUrls: '={{ $json.url }}',
				options: {
					concurrency: story.concurrency,
					...(story.operation === 'edit' ? { timeoutSeconds: 120 } : {}),
				},
			},
			nodeExtras: {
				...(story.stops ? {} : { onError: 'continueRegularOutput' as const }),
				...(story.tries > 1 ? { retryOnFail: true, maxTries: story.tries, waitBetweenTries: 1 } : {}),
			},
		});
		sandbox.clearFaults();
		// Of pictures at URLs, and where names are not kept, a crash leaves nothing to be found: there the promise ends.
		const mostCharges = ({ as }: Wanted) => (as === 'binary' && story.keepUploadNames ? 1 : 1 + crashes);
		const mostOf = (items: Wanted[]) => items.reduce((sum, item) => sum + mostCharges(item), 0);
		const charges = ledger.charges.slice(before);
		const said = JSON.stringify([result.json, result.error?.message, result.error?.description]);
		const kept = JSON.stringify(result.run.data.executionData?.contextData ?? {});
		const stories = [
			`${said}`,
			`context: ${kept}`,
			`submits: ${charges.map(({ predictionId }) => predictionId).join()}`,
		];
		const must = (holds: boolean, promise: string) => {
			if (!holds) throw new Error(`${promise}\n${stories.join('\n')}`);
		};

		const { tally } = this;
		tally.cases += 1;
		tally.items += wanted.length;
		tally.charges += charges.length;
		const isUnknown = /unknown/.test(said);
		if (isUnknown) tally.unknown += 1;
		tally.doubleCharges += Math.max(0, charges.length - mostOf(wanted));
		must(charges.length <= mostOf(wanted), 'charged no more than the wanted edits');
		for (const prompt of new Set(wanted.map((item) => item.prompt))) {
			const ofPrompt = charges.filter((charge) => charge.prompt === prompt).length;
			const most = mostOf(wanted.filter((item) => item.prompt === prompt));
			tally.doubleCharges += Math.max(0, ofPrompt - most);
			must(ofPrompt <= most, `charged no more than wanted for "${prompt}"`);
		}
		if (!story.stops || !result.error) await this.checkItems(story, wanted, result.out, must);
		if (result.error) tally.errors += 1;
		// What a crashed execution had said is lost with it.
		if (crashes > 0) return;
		// What is unknown has no id: then it is said, as often as there are ids that nobody knows.
		const untold = charges.filter(
			({ predictionId }) => !said.includes(predictionId) && !kept.includes(predictionId),
		);
		const sayings = kept.split('"state":"unknown"').length - 1;
		tally.lostIds += Math.max(0, untold.length - sayings);
		must(untold.length <= sayings, 'every charged id is told, kept, or said to be unknown');
		if (!result.error) return;
		for (const { predictionId } of charges) {
			must(
				said.includes(predictionId) || isUnknown,
				'the thrown error tells the charged ids, or that they are unknown',
			);
		}
	}

	/** The execution, and what follows it. */
	private async runAll(
		story: Story,
		options: SeedreamOptions,
	): Promise<{ result: SeedreamResult; crashes: number }> {
		let executionId = 5;
		let crashes = 0;
		let result = await runSeedream({
			...options,
			executionId: `${executionId}`,
			...(story.retries[0] === 'crash' ? { cancelWhen: this.submitsOver(story.crashAfterSubmits) } : {}),
		});
		for (const kind of story.retries) {
			const retried = { ...options, executionId: `${++executionId}` };
			if (kind === 'crash') {
				crashes++;
				await fastClock.sleepMs(story.historyDelaySeconds * 1_000 + SETTLED_MS);
				result = await runSeedream({ ...retried, mode: 'retry' });
			} else if (result.error) {
				this.tally.personRetries++;
				result = await retryByPerson(result, retried);
			}
		}
		this.tally.crashes += crashes;
		return { result, crashes };
	}

	/** Resolves when the sandbox is through with so many submits. */
	private async submitsOver(count: number | null): Promise<void> {
		let over = 0;
		await new Promise<void>((resolve) => {
			this.submits.onOver = () => {
				if (++over === count) resolve();
			};
		});
	}

	private inputOf({ picture: index, as, prompt }: Wanted): InputItem {
		return as === 'binary'
			? { json: { prompt, field: 'data', url: '' }, files: { data: this.photos[index] ?? Buffer.alloc(0) } }
			: { json: { prompt, field: '', url: this.urls[index] } };
	}

	private async checkItems(
		story: Story,
		wanted: Wanted[],
		out: Awaited<ReturnType<typeof runSeedream>>['out'],
		must: (holds: boolean, promise: string) => void,
	): Promise<void> {
		const { ledger } = this.sandbox;
		const paired = out.map(({ pairedItem }) => (pairedItem as { item: number }).item);
		must(
			JSON.stringify(paired) === JSON.stringify(wanted.map((_item, i) => i)),
			`one item per input, in order, paired: ${JSON.stringify(paired)}`,
		);
		const ids = out.flatMap(({ json }) => (json.error ? [] : [String(json.predictionId)]));
		must(new Set(ids).size === ids.length, 'no prediction is handed to two items');
		for (const [i, item] of out.entries()) {
			if (item.json.error) {
				this.tally.errors += 1;
				must(typeof (item.json.error as IDataObject).message === 'string', 'an error tells what happened');
				continue;
			}
			const made = ledger.predictions.get(String(item.json.predictionId));
			const { prompt, as, picture: index } = wanted[i] ?? { prompt: '', as: 'url', picture: 0 };
			must(made?.prompt === prompt && !made.foreign, `item ${i} has its own edit`);
			const image = ((made?.body as IDataObject | undefined)?.images as string[] | undefined)?.[0];
			const photo = this.photos[index] ?? Buffer.alloc(0);
			const isOwnPicture =
				as === 'url'
					? image === this.urls[index]
					: ledger.uploads.find(({ url }) => url === image)?.sha256 === sha256(photo);
			must(isOwnPicture, `item ${i} was edited from its own picture`);
			if (story.operation !== 'edit') continue;
			this.tally.pictures += 1;
			must(
				sha256(await pictureOf(item)) === made?.outputSha256[0],
				`item ${i} holds the picture that was made`,
			);
		}
	}
}

type Wanted = Omit<Story['items'][number], 'prompt'> & { prompt: string };
