import { json, type Answer } from './answers';
import type { Charge } from './types';

const FIRST_BALANCE_USD = 125.5;

/** `GET /public/v1/balance`: goes down by what was charged. */
export function balanceAnswer(charges: readonly Charge[], requestId: string): Answer {
	const spent = charges.reduce((sum, { priceUsd }) => sum + priceUsd, 0);
	const money = (usd: number): { value: string; currency: string } => ({
		value: Math.max(0, usd).toFixed(6),
		currency: 'usd',
	});
	return json({
		object: 'balance',
		available: money(FIRST_BALANCE_USD - spent),
		cash: money(FIRST_BALANCE_USD - spent),
		bonus: money(0),
		subscription_bonus: money(0),
		frozen: money(0),
		credit_grant: money(0),
		scope: 'account',
		account: { id: 'acc_sandbox', name: 'Sandbox', type: 'personal' },
		request_id: requestId,
	});
}
