import { asObject } from '../../nodes/AtlasCloud/api/json';
import { ModelInfos } from '../../nodes/AtlasCloud/api/models/model';
import { V4_EDIT } from '../../nodes/AtlasCloud/api/models/seedream';
import { Quotes, type QuoteRequest } from '../../nodes/AtlasCloud/api/models/quotes';
import { clientOf, FakeHttp, pathOf, type FakeAnswer } from './fakeHttp';
import { VirtualClock } from './virtualClock';

const QUOTE = '/api/v1/model/calculate';
const CATALOG = '/api/v1/models';

const request = (body: object = {}, unpricedFields = ['prompt', 'images']): QuoteRequest => ({
	body: { model: 'vendor/x', prompt: 'p', images: ['https://e.example/a.png'], ...body },
	unpricedFields,
});

const quoted = (data: object): FakeAnswer => ({ json: { code: 200, data } });
const listed = (price: object): FakeAnswer => ({
	json: { data: [{ model: 'vendor/x', type: 'Image', price: { actual: price } }] },
});

function quotesOf(http: FakeHttp, clock: VirtualClock): Quotes {
	const client = clientOf(http, clock);
	return new Quotes(client, new ModelInfos(client));
}

function service(answers: Record<string, FakeAnswer | Promise<FakeAnswer>>) {
	const clock = new VirtualClock();
	const http = new FakeHttp((sent) => answers[pathOf(sent)] ?? { statusCode: 404 });
	const quotes = quotesOf(http, clock);
	const quote = async (...requests: QuoteRequest[]) =>
		await clock.until(Promise.all(requests.map(async (one) => await quotes.of(one))));
	const sent = (path: string) => http.requests.filter((one) => pathOf(one) === path);
	return { quote, sent, clock };
}

const ANSWER = {
	price: '0.0324',
	origin_price: 0.036,
	discount: 75,
	estimated: false,
	estimated_tokens: 0,
	currency: 'USD',
};

describe('a quote', () => {
	it('is what Atlas says, numbers or strings, with the percentage that is taken off', async () => {
		const { quote, sent } = service({ [QUOTE]: quoted(ANSWER) });
		expect(await quote(request())).toEqual([
			{
				priceUsd: 0.0324,
				listPriceUsd: 0.036,
				discountPercent: 25,
				isEstimate: false,
				isMinimum: false,
			},
		]);
		expect(sent(QUOTE)).toMatchObject([{ method: 'POST', json: request().body, authenticated: true }]);
		expect(sent(CATALOG)).toEqual([]);
	});

	it('leaves null what Atlas does not say', async () => {
		const { quote } = service({ [QUOTE]: quoted({ price: 1, discount: 'half', estimated: true }) });
		expect(await quote(request())).toMatchObject([
			{ priceUsd: 1, listPriceUsd: null, discountPercent: null, isEstimate: true },
		]);
	});

	it('is asked for once per distinct request: prompts and file URLs do not count', async () => {
		const { quote, sent } = service({ [QUOTE]: quoted(ANSWER) });
		const same = Array.from({ length: 1_000 }, (_, i) =>
			request({ prompt: `row ${i}`, images: [`https://e.example/${i}.png`] }),
		);
		await quote(...same, request({ size: '1024*1024' }), request({ images: ['a', 'b'] }));
		expect(sent(QUOTE)).toHaveLength(3);
	});

	it('is asked for again if the content of a field is priced', async () => {
		const { quote, sent } = service({ [QUOTE]: quoted(ANSWER) });
		await quote(request({ prompt: 'short' }, []), request({ prompt: 'longer' }, []));
		expect(sent(QUOTE)).toHaveLength(2);
	});
});

describe('without a usable quote', () => {
	it.each<[string, FakeAnswer]>([
		['is missing', quoted({})],
		['is negative', quoted({ price: -1 })],
		['is no number', quoted({ price: 'free' })],
		['is infinite', quoted({ price: '1e999' })],
		['is in another currency', quoted({ ...ANSWER, currency: 'CNY' })],
		['is in no object', { json: { code: 200, data: [ANSWER] } }],
		['comes with an error code', { json: { code: 500, data: ANSWER } }],
		['comes with an error', { statusCode: 400, json: { code: 400, msg: 'no' } }],
	])('the list price is an estimate where the price %s', async (_what, answer) => {
		const prices = listed({ base_price: '0.05', unit: 'image' });
		const { quote, sent } = service({ [QUOTE]: answer, [CATALOG]: prices });
		expect(await quote(request({ max_images: 3 }), request({ max_images: 1 }))).toMatchObject([
			{ priceUsd: 0.15, listPriceUsd: 0.15, discountPercent: null, isEstimate: true },
			{ priceUsd: 0.05, isEstimate: true },
		]);
		expect(sent(CATALOG)).toHaveLength(1);
	});

	it('of one model, the others are quoted all the same', async () => {
		const clock = new VirtualClock();
		const http = new FakeHttp(({ json }) =>
			asObject(json)?.model === 'vendor/x' ? quoted({ price: 'free' }) : quoted(ANSWER),
		);
		const quotes = quotesOf(http, clock);
		expect(quotes.isUnsure).toBe(false);
		await clock.until(quotes.of(request()).catch(() => null));
		expect(quotes.isUnsure).toBe(true);
		const [other] = await clock.until(Promise.all([quotes.of(request({ model: 'vendor/y' }))]));
		expect(other).toMatchObject({ priceUsd: 0.0324, isEstimate: false });
	});

	it.each<[unknown, object]>([
		[0, {}],
		[1e-9, {}],
		[true, {}],
		[[], {}],
		[0.02, { origin_price: 3 }],
	])('a quote of %j for a model that costs $0.05 is none', async (price, others) => {
		const { quote } = service({
			[QUOTE]: quoted({ ...ANSWER, origin_price: undefined, price, ...others }),
			[CATALOG]: listed({ base_price: '0.05' }),
		});
		expect(await quote(request())).toMatchObject([{ priceUsd: 0.05, isEstimate: true }]);
	});

	it.each<[string, FakeAnswer, object | RegExp]>([
		['is free, too', listed({ base_price: 0 }), { priceUsd: 0, isEstimate: false }],
		['has no price', { json: { data: [{ model: 'vendor/x' }] } }, /unknown. Atlas Cloud quoted \$0.00$/],
		['has a negative price', listed({ base_price: -1 }), /unknown. Atlas Cloud quoted \$0.00$/],
		['is down', { statusCode: 500 }, /unknown. Atlas Cloud quoted \$0.00$/],
	])(
		'a quote of nothing counts only if the catalog says the same (it %s)',
		async (_how, catalog, expected) => {
			const { quote } = service({
				[QUOTE]: quoted({ ...ANSWER, origin_price: 0, price: 0 }),
				[CATALOG]: catalog,
			});
			if (expected instanceof RegExp) await expect(quote(request())).rejects.toThrow(expected);
			else expect(await quote(request())).toMatchObject([expected]);
		},
	);

	it.each([0, '0', -1, '-0.05'])(
		'a catalog that lists %j does not make a paid model free',
		async (basePrice) => {
			const price = { actual: { base_price: basePrice } };
			const catalog = {
				json: { data: [V4_EDIT, 'vendor/x'].map((model) => ({ model, type: 'Image', price })) },
			};
			const { quote } = service({ [CATALOG]: catalog });
			expect(await quote(request({ model: V4_EDIT }))).toMatchObject([{ priceUsd: 0.027, isEstimate: true }]);
			await expect(quote(request())).rejects.toThrow('The price of vendor/x is unknown.');
		},
	);

	it('the number of images that the schema sets by default counts', async () => {
		const schema = 'https://static.example.com/x.json';
		const Input = { properties: { max_images: { type: 'integer', default: 4 } } };
		const clock = new VirtualClock();
		const http = new FakeHttp((sent) => {
			if (sent.url === schema) return { json: { components: { schemas: { Input } } } };
			const model = { model: 'vendor/x', type: 'Image', price: { actual: { base_price: 0.05 } }, schema };
			return pathOf(sent) === CATALOG ? { json: { data: [model] } } : { statusCode: 404 };
		});
		const quotes = quotesOf(http, clock);
		const priceOf = async (body: object) => (await clock.until(quotes.of(request(body)))).priceUsd;
		expect(await priceOf({})).toBe(0.2);
		expect(await priceOf({ max_images: 2 })).toBe(0.1);
		expect(await priceOf({ max_images: 2, n: 3 })).toBe(0.15);
	});

	it('a service that is down is not asked again for each distinct request', async () => {
		const { quote, sent } = service({ [QUOTE]: { statusCode: 503 } });
		for (let width = 1_024; width < 1_044; width++) {
			const body = { model: V4_EDIT, size: `${width}*1024` };
			expect(await quote(request(body))).toMatchObject([{ priceUsd: 0.027, isEstimate: true }]);
		}
		expect(sent(QUOTE)).toHaveLength(3);
	});

	it('an error is remembered as well', async () => {
		const { quote, sent } = service({ [QUOTE]: { statusCode: 404 } });
		for (let row = 0; row < 5; row++) await expect(quote(request())).rejects.toThrow('is unknown');
		expect(sent(QUOTE)).toHaveLength(1);
	});

	it.each<[string, FakeAnswer]>([
		['has no price', { json: { data: [{ model: 'vendor/x' }] } }],
		['does not list the model', { json: { data: [] } }],
		['is down', { statusCode: 500 }],
		['charges by a length that is not known', listed({ base_price: '0.05', unit: 'second' })],
	])('and no price in the catalog (it %s), an error says why', async (_why, catalog) => {
		const answer = { statusCode: 404, json: { code: 404, msg: 'model not found' } };
		const { quote } = service({ [QUOTE]: answer, [CATALOG]: catalog });
		await expect(quote(request())).rejects.toMatchObject({
			kind: 'read',
			reason: 'model not found',
			message: 'The price of vendor/x is unknown. Couldn’t get a quote: model not found (404)',
		});
	});
});
