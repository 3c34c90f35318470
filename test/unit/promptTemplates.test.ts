import type { IExecuteFunctions } from 'n8n-workflow';
import { checkTemplate, promptTemplateFields, readPrompt } from '../../nodes/AtlasCloud/SeedreamEdit/prompt';
import { PROMPT_TEMPLATES } from '../../nodes/AtlasCloud/SeedreamEdit/promptTemplates';
import { AtlasError } from '../../nodes/AtlasCloud/api/errors';

function promptOf(parameters: Record<string, unknown>): string {
	const getNodeParameter = (name: string, _itemIndex: number, fallback: unknown) =>
		parameters[name] ?? fallback;
	return readPrompt({ getNodeParameter } as unknown as IExecuteFunctions, 0).text;
}

function refusalOf(parameters: Record<string, unknown>): AtlasError {
	try {
		promptOf(parameters);
	} catch (error) {
		if (error instanceof AtlasError) return error;
		throw error;
	}
	throw new Error('It was not refused');
}

const noticeOf = (value: string) =>
	promptTemplateFields.find(({ name }) => name === `${value}Notice`)?.displayName ?? '';

describe('without a template', () => {
	it('the prompt is sent as it is', () => {
		expect(promptOf({ promptTemplate: 'none', prompt: ' make it blue \n' })).toBe('make it blue');
	});
});

describe('the list of templates', () => {
	it('says what each is for', () => {
		const [list] = promptTemplateFields;
		for (const option of list?.options ?? []) {
			expect(option).toMatchObject({ description: expect.stringMatching(/^[A-Z].{10,}/) as string });
		}
	});

	it('has no two fields of one name', () => {
		const names = promptTemplateFields.map(({ name }) => name);
		expect(new Set(names).size).toBe(names.length);
	});
});

describe.each(PROMPT_TEMPLATES)('the template $name', ({ value, sentence, fields, name }) => {
	const texts = Object.fromEntries(fields.map((field, i) => [field.name, `<text ${i}>`]));

	it('names each of its fields once, and no other', () => {
		const named = [...sentence.matchAll(/\{(\w+)\}/g)].map(([, field]) => field);
		expect(named.sort()).toEqual(fields.map((field) => field.name).sort());
	});

	it('shows the very sentence that is sent', () => {
		const sent = promptOf({ promptTemplate: value, ...texts });
		const shown = fields.reduce(
			(text, { displayName }, i) => text.replace(`[${displayName}]`, `<text ${i}>`),
			noticeOf(value),
		);
		expect(shown.replace(/ <b>.*/, '')).toBe(`Prompt sent to Seedream: “${sent}”`);
		expect(sent).not.toMatch(/[{}]/);
	});

	it('has the prompt added to it', () => {
		const bare = promptOf({ promptTemplate: value, ...texts });
		expect(promptOf({ promptTemplate: value, ...texts, prompt: ' No people. ' })).toBe(`${bare} No people.`);
	});

	it('is refused while one of its fields is empty', () => {
		for (const { name: fieldName, displayName } of fields) {
			for (const empty of ['', '   ', undefined, null]) {
				expect(refusalOf({ promptTemplate: value, ...texts, [fieldName]: empty })).toMatchObject({
					kind: 'input',
					message: `'${displayName}' is empty in the ${name} template`,
				});
			}
		}
	});
});

it('shows how the prompt for a transparent background begins', () => {
	const { sentence, cutOut } = PROMPT_TEMPLATES.find(({ value }) => value === 'removeBackground')!;
	const beginning = /begins with “(.+)”$/.exec(noticeOf('removeBackground'))?.[1];
	expect(sentence.replace(/^[^.]*\./, String(beginning))).toBe(cutOut);
});

it('names all empty fields at once', () => {
	expect(refusalOf({ promptTemplate: 'replaceText' }).message).toBe(
		"'Current Text' and 'New Text' are empty in the Replace Text template",
	);
});

it('takes a number out of a spreadsheet as text', () => {
	expect(promptOf({ promptTemplate: 'addText', templateText: 50, templatePlacement: 'below' })).toContain(
		'“50”',
	);
});

it('fills a text in as it is, whatever it holds', () => {
	const templateText = '{templatePlacement} $& $1 "50% off"';
	const sent = promptOf({ promptTemplate: 'addText', templateText, templatePlacement: 'below' });
	expect(sent).toContain(`“${templateText}”`);
});

it('refuses a template that there is not', () => {
	expect(refusalOf({ promptTemplate: 'poster', prompt: 'x' }).message).toBe("Unknown 'Prompt Template'");
});

describe('what a template speaks of', () => {
	const check = (promptTemplate: string, imageCount: number, size: string) => () => {
		const template = PROMPT_TEMPLATES.find(({ value }) => value === promptTemplate) ?? null;
		checkTemplate(template, imageCount, size);
	};

	it.each(['combine', 'matchStyle', 'tryOn'])('%s refuses a single image', (template) => {
		expect(check(template, 1, 'matchInput')).toThrow(/ needs 2 images, but this item has 1$/);
		expect(check(template, 2, 'matchInput')).not.toThrow();
	});

	it.each(['matchInput', '2K', '1.5K', '2k auto'])('Extend the Image refuses the size %s', (size) => {
		expect(check('extendImage', 1, size)).toThrow(/ needs a 'Size' that is wider or taller/);
	});

	it.each(['2848*1600', '2K 16:9', '16:9'])('Extend the Image takes the size %s', (size) => {
		expect(check('extendImage', 1, size)).not.toThrow();
	});

	it.each(['none', 'removeBackground'])('%s takes what there is', (template) => {
		expect(check(template, 1, 'matchInput')).not.toThrow();
	});
});
