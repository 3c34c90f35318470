/* What comes out: where it lies, what it is, and how long it lasts. */
import sharp from 'sharp';
import { asNumber, asObject, asString } from '../../nodes/AtlasCloud/api/json';
import { describeRefusal, type Answer, type LiveApi } from './api';
import { factsOf, seconds, type Fact } from './facts';
import { isFinished, outputsOf, type Watched } from './prediction';

export async function describeOutput(api: LiveApi, output: unknown): Promise<string> {
	const url = asString(output) ?? asString(asObject(output)?.url) ?? asString(asObject(output)?.download_url);
	if (url === null) return output === undefined ? 'none' : `of type ${typeof output}`;
	const form = typeof output === 'string' ? '' : 'in an object: ';
	const [, mimeType, content] = /^data:([^;,]+)?[^,]*,(.*)$/s.exec(url) ?? [];
	if (content !== undefined)
		return `${form}a data URI of ${String(mimeType)}, ${await describeBytes(Buffer.from(content, 'base64'))}`;
	if (!URL.canParse(url)) return `${form}bare base64, ${await describeBytes(Buffer.from(url, 'base64'))}`;
	const { host, protocol, search } = new URL(url);
	const file = await api.file(url);
	if (file.status !== 200) return `${form}a URL that answers ${describeRefusal(file)} without a key`;
	const where = host === new URL(api.baseUrl).host ? 'on the API’s host' : `on ${host.replace(/:\d+$/, '')}`;
	const signed = search === '' ? '' : ', signed';
	return `${form}a ${protocol.slice(0, -1)} URL ${where}${signed}, ${String(file.headers['content-type'])}: ${await describeBytes(file.bytes)}${describeLifetime(file)}`;
}

async function describeBytes(bytes: Buffer): Promise<string> {
	try {
		const { format, width, height, hasAlpha } = await sharp(bytes).metadata();
		return `${format} ${width} × ${height}${hasAlpha ? ' with transparency' : ''}, ${Math.ceil(bytes.length / 1000)} kB`;
	} catch {
		return `${bytes.length} bytes that are no image`;
	}
}

/** What headers tell: nobody waits fourteen days for a report. */
function describeLifetime({ headers }: Answer): string {
	const told = Object.entries(headers).filter(([name]) =>
		/^expires$|expiration|expiry|^x-.*lifecycle/.test(name),
	);
	return told.length === 0
		? '; no header tells when it expires'
		: `; ${told.map(([name, value]) => `${name}: ${value}`).join(', ')}`;
}

/** How a prediction went, by its polls. */
export function describeCourse(watched: Watched): Fact[] {
	const { submit, notVisible, sightings, prediction, endedMs, priceMs, quotedUsd } = watched;
	const isBare = asObject(asObject(submit.json)?.data) === undefined;
	const predictTime = asNumber(asObject(prediction.metrics)?.predict_time);
	const times = ['metrics', 'executionTime', 'timings', 'latency_ms'].filter(
		(name) => prediction[name] !== undefined,
	);
	const price = asNumber(prediction.price);
	const priceFact = () => {
		if (price === null || priceMs === null) return 'not while it was watched';
		const late = endedMs === null ? 0 : priceMs - endedMs;
		return `${late <= 0 ? 'with the end' : `${seconds(late)} more`}, as a ${typeof prediction.price}`;
	};
	return factsOf(
		'Predictions',
		[
			'In which shape is a submit answered?',
			'`data` in an envelope',
			isBare ? 'bare' : '`data` in an envelope',
		],
		[
			'Is a new prediction visible at once?',
			'not always',
			notVisible ? `no: ${notVisible.status} until ${seconds(notVisible.untilMs)}` : 'yes',
		],
		[
			'Which statuses, in which order?',
			'',
			sightings.map(({ status, afterMs }) => `${status} (${seconds(afterMs)})`).join(', '),
		],
		[
			'Which fields tell its own time?',
			'`metrics.predict_time`',
			`${times.join(', ') || 'none'}${predictTime === null ? '' : `: ${predictTime} s of ${((endedMs ?? 0) / 1000).toFixed(1)} s`}`,
		],
		['When is the price published?', 'with the end, or minutes later', priceFact()],
		[
			'Is it what `calculate` said?',
			'yes',
			price === null
				? 'not known'
				: price === quotedUsd
					? 'yes'
					: `no: $${price}, and $${quotedUsd} was quoted`,
		],
	);
}

/** How a prediction that cannot succeed ends, and what it costs. */
export function describeFailure(watched: Watched, costUsd: number | null): Fact[] {
	const { submit, id, prediction, endStatus } = watched;
	const how = () => {
		if (id === null) return `refused at the submit: ${describeRefusal(submit)}`;
		if (isFinished(watched)) {
			return outputsOf(watched).length === 0 ? 'completed, without outputs' : 'it did not fail';
		}
		const error = asString(prediction.error) ?? JSON.stringify(prediction.error ?? null);
		return `HTTP ${endStatus}, status ${String(prediction.status)}, error “${error.slice(0, 160)}”`;
	};
	const cost = () => {
		if (costUsd === null) return 'the balance could not be read';
		return costUsd > 0 ? `yes: the balance fell by $${costUsd.toFixed(4)}` : 'no: the balance stayed';
	};
	return factsOf(
		'Predictions',
		['How does an edit of an image that is not there end?', 'HTTP 200, status failed', how()],
		['Is a failed one charged?', 'no', cost()],
	);
}
