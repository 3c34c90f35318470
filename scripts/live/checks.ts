/* All checks, in order, within a budget. */
import { randomBytes } from 'node:crypto';
import { asString } from '../../nodes/AtlasCloud/api/json';
import { checkClock, checkKeys, readBalance } from './account';
import type { LiveApi } from './api';
import { factsOf, type Fact } from './facts';
import { checkHistory } from './history';
import { checkModels, type TryDefaults } from './models';
import { describeCourse, describeFailure, describeOutput } from './outputs';
import { buyAndWatch, outputsOf, type Watched, type WatchLimits } from './prediction';
import type { Purse } from './purse';
import { WebhookListener } from './webhook';

const V4 = 'bytedance/seedream-v4/edit';
const LITE = 'bytedance/seedream-v5.0-lite/edit';
const PROMPT = 'make it black and white';

export interface LiveOptions {
	api: LiveApi;
	purse: Purse;
	photo: Buffer;
	tryDefaults: TryDefaults;
	limits: WatchLimits;
	/** Where Atlas Cloud can reach `port` of this machine. */
	webhook?: { url: string; port: number; waitSeconds: number };
	log: (line: string) => void;
}

export async function checkEverything(options: LiveOptions): Promise<Fact[]> {
	const { api, photo, log } = options;
	log('The key and the account');
	const facts = await attempt('Account and errors', async () => await checkKeys(api));
	log('An upload');
	const name = `live-check-${randomBytes(4).toString('hex')}.jpg`;
	const uploaded = await api.upload(photo, name, 'image/jpeg');
	const photoUrl = asString(uploaded.data.download_url);
	if (photoUrl === null)
		throw new Error(`The upload was answered with ${uploaded.status}: nothing was bought`);
	facts.push(
		...factsOf('Upload', [
			'Does an upload keep its name?',
			'no',
			new URL(photoUrl).pathname.includes(name) ? 'yes' : 'no',
		]),
	);
	log('The Seedream edit models, and the node’s defaults with each');
	facts.push(
		...(await attempt('Catalog', async () => await checkModels(api, photoUrl, options.tryDefaults))),
		...(await attempt('Predictions', async () => await checkPurchases(options, photoUrl))),
	);
	facts.push(...checkClock(api));
	return facts;
}

/** What one part cannot find out must not cost what the others have found, or were paid for. */
async function attempt(topic: string, work: () => Promise<Fact[]>): Promise<Fact[]> {
	try {
		return await work();
	} catch (error) {
		return factsOf(topic, ['Could all of it be checked?', 'yes', `no: ${String(error)}`]);
	}
}

async function checkPurchases(options: LiveOptions, photoUrl: string): Promise<Fact[]> {
	const { api, purse, limits, log } = options;
	const balances = [await readBalance(api)];
	const buy = async (what: string, body: object): Promise<Watched> => {
		log(what);
		const watched = await buyAndWatch(api, purse, what, body, limits);
		balances.push(await readBalance(api));
		return watched;
	};
	const costOf = (purchase: number): number | null => {
		const [before, after] = balances.slice(purchase, purchase + 2);
		return before === null || after === null ? null : before - after;
	};

	const listener = options.webhook && (await WebhookListener.start(options.webhook.port, api.clock));
	try {
		// First, so that no other prediction’s charge falls into its time.
		const missing = new URL('/no-such-image.jpg', photoUrl).href;
		const failed = await buy('An edit that fails', { model: V4, prompt: PROMPT, images: [missing] });
		const edit = await buy('An edit', {
			model: LITE,
			prompt: PROMPT,
			images: [photoUrl],
			size: '2496*1664',
			...(options.webhook ? { webhook_url: options.webhook.url } : {}),
		});
		const unsized = await buy('An edit without a size', { model: V4, prompt: PROMPT, images: [photoUrl] });
		const base64 = await buy('An edit with base64 output', {
			model: V4,
			prompt: PROMPT,
			images: [photoUrl],
			size: '1024*1024',
			enable_base64_output: true,
		});
		return [
			...describeCourse(edit),
			...describeFailure(failed, costOf(0)),
			...factsOf(
				'Outputs',
				['What is an output?', 'an https URL on another host', await describeOutput(api, outputsOf(edit)[0])],
				[
					'And without `size`, of a photo of 3:2?',
					'a square',
					await describeOutput(api, outputsOf(unsized)[0]),
				],
				[
					'And with `enable_base64_output`?',
					'a data URI, or base64',
					await describeOutput(api, outputsOf(base64)[0]),
				],
			),
			...(await checkHistory(api, edit)),
			...(listener
				? await listener.check(api, edit, options.webhook!.waitSeconds)
				: factsOf('Webhook', [
						'When does the call come?',
						'at the end',
						'not checked: no --webhook-url was given',
					])),
		];
	} finally {
		listener?.close();
	}
}
