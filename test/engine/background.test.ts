import { rulesInFields } from '../../nodes/AtlasCloud/api/models/seedream';
import { formatFields } from '../../nodes/AtlasCloud/SeedreamEdit/format';
import { LITE, runSeedream, sandbox, submittedBodies, useOneSandbox, V4 } from './seedream';

useOneSandbox();

it('opaque is refused by a model that has other backgrounds only', () => {
	const rules = { ...rulesInFields(null), backgrounds: ['auto', 'transparent'] };
	expect(() => formatFields({ background: 'opaque' }, rules, 'vendor/model')).toThrow(
		'vendor/model can’t make the background opaque',
	);
});

it('transparent is a PNG, however the model spells it', () => {
	const rules = { ...rulesInFields(null), backgrounds: ['transparent'], outputFormats: ['JPEG', 'PNG'] };
	expect(formatFields({}, rules, 'vendor/model', true)).toEqual({ ...TRANSPARENT, output_format: 'PNG' });
});

const V45 = 'bytedance/seedream-v4.5/edit';
const V47 = 'bytedance/seedream-v4.7/edit';
const V55 = 'bytedance/seedream-v5.5/edit';
const V6 = 'bytedance/seedream-v6/edit';
const TRANSPARENT = { background: 'transparent' };
const CUT_OUT = { promptTemplate: 'removeBackground', prompt: '' };

async function submit(model: string, parameters: object, options: object) {
	const before = submittedBodies(sandbox).length;
	const { error } = await runSeedream({
		parameters: { resource: 'prediction', operation: 'submit', model, options, ...parameters },
	});
	return { error, body: submittedBodies(sandbox)[before] };
}

it.each<[string, string, object, object, object]>([
	['transparent, as a PNG', V55, {}, TRANSPARENT, { ...TRANSPARENT, output_format: 'png' }],
	['transparent where PNG is all there is', V6, {}, TRANSPARENT, TRANSPARENT],
	[
		'opaque',
		V55,
		{},
		{ background: 'opaque', outputFormat: 'jpeg' },
		{ background: 'opaque', output_format: 'jpeg' },
	],
	['auto, which no field says', V47, {}, { background: 'auto' }, {}],
	['a template for it', V55, CUT_OUT, {}, { ...TRANSPARENT, output_format: 'png' }],
	['a template for it, and JPEG', V55, CUT_OUT, { outputFormat: 'jpeg' }, { output_format: 'jpeg' }],
	['a template for it, on white', V55, CUT_OUT, { background: 'opaque' }, { background: 'opaque' }],
	['a template for it, of a model without', LITE, CUT_OUT, {}, {}],
])('Background sends %s', async (_what, model, parameters, options, expected) => {
	const { error, body } = await submit(model, parameters, options);
	expect(error).toBeUndefined();
	const { background, output_format } = body!;
	expect(JSON.parse(JSON.stringify({ background, output_format }))).toEqual(expected);
	const isWhite = 'promptTemplate' in parameters && background !== 'transparent';
	expect(/pure white/.test(String(body?.prompt))).toBe(isWhite);
});

it.each<[string, string, object, string]>([
	[
		'a known model without it',
		// Chosen from the list, it hides the option.
		`={{ "${V4}" }}`,
		TRANSPARENT,
		'Seedream v4 can’t make the background transparent',
	],
	['a model whose schema has none', V45, TRANSPARENT, `${V45} can’t make the background transparent`],
	['a JPEG', V55, { ...TRANSPARENT, outputFormat: 'jpeg' }, 'A JPEG can’t be transparent'],
	[
		'a word of one’s own',
		V55,
		{ background: '={{ "glass" }}' },
		'\'Background\' must be one of Auto, Opaque, Transparent, but it is "glass"',
	],
	['a format that the model has not', V45, { outputFormat: 'png' }, `${V45} doesn’t support 'Output Format'`],
])('Background is refused for %s, and nothing is uploaded', async (_what, model, options, message) => {
	const uploads = sandbox.ledger.count('upload');
	const { error, body } = await submit(model, {}, options);
	expect(error?.message).toBe(message);
	expect(body).toBeUndefined();
	expect(sandbox.ledger.count('upload')).toBe(uploads);
});
