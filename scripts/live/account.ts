/* The key, the account and the clock. */
import { asNumber, asObject } from '../../nodes/AtlasCloud/api/json';
import { describeRefusal, type LiveApi } from './api';
import { factsOf, type Fact } from './facts';

/** What is left on the account, in USD; null if it cannot be read. */
export async function readBalance(api: LiveApi): Promise<number | null> {
	const { json } = await api.call('/public/v1/balance');
	return asNumber(asObject(asObject(json)?.available)?.value);
}

export async function checkKeys(api: LiveApi): Promise<Fact[]> {
	const wrong = await api.call('/public/v1/balance', { key: 'not-a-key' });
	const catalog = await api.call('/api/v1/models', { withKey: false });
	const unknown = await api.call('/api/v1/model/prediction/00000000000000000000000000000000');
	return factsOf(
		'Account and errors',
		['What does a wrong key answer?', '401, in `error`', describeRefusal(wrong)],
		[
			'Does the catalog need a key?',
			'no',
			catalog.status === 200 ? 'no' : `yes: ${describeRefusal(catalog)}`,
		],
		['What does an unknown prediction answer?', '404', describeRefusal(unknown)],
	);
}

/** After everything else: it tells of all answers. */
export function checkClock(api: LiveApi): Fact[] {
	const { skews } = api;
	const narrow = skews.filter(({ uncertaintySeconds }) => uncertaintySeconds < 1);
	const values = (narrow.length > 0 ? narrow : skews).map((skew) => skew.seconds);
	const [low, high] = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(1));
	return factsOf(
		'Clocks',
		[
			'How far is the `Date` header ahead of this machine’s clock?',
			'within a few seconds',
			skews.length === 0 ? 'no answer had one' : `${low} to ${high} s, in ${skews.length} answers`,
		],
		[
			'Does every answer have a `Date`?',
			'yes',
			api.withoutDate === 0 ? 'yes' : `no: ${api.withoutDate} of ${api.answers} had none`,
		],
		[
			'Does every answer have an `X-Request-ID`?',
			'yes',
			api.withoutRequestId === 0 ? 'yes' : `no: ${api.withoutRequestId} of ${api.answers} had none`,
		],
	);
}
