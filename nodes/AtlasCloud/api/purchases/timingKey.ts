import { asNumber, asString, type JsonObject } from '../json';

/** Fields that change how long a prediction takes, and have few values. */
const FIELDS = ['max_images', 'num_images', 'n', 'duration', 'resolution'];

/**
 * A key that requests share if their predictions take about the same time: the same number of inputs, about as many
 * pixels, and so on. Coarse, because times are learned for each key separately.
 */
export function timingKey(body: JsonObject, inputCount: number): string {
	const [width, height] = (asString(body.size) ?? '').split('*').map(Number);
	const pixels = width * height > 0 ? Math.round(Math.log2(width * height)) : 0;
	const values = FIELDS.map((name) => asNumber(body[name]) ?? asString(body[name])?.slice(0, 16) ?? '');
	return [inputCount, pixels, ...values].join(' ');
}
