import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { readText } from '../api/cells';
import { inputError } from '../api/errors';
import { PROMPT_TEMPLATES, type PromptTemplate, type TemplateField } from './promptTemplates';
import { keepsShape, type ChosenSize } from './size';

const NO_TEMPLATE = 'none';

/** The template's prompt with its fields filled in. */
function fillIn({ sentence, fields }: PromptTemplate, textFor: (field: TemplateField) => string): string {
	return sentence.replace(/\{(\w+)\}/g, (token, name) => {
		const field = fields.find((one) => one.name === name);
		return field ? textFor(field) : token;
	});
}

const SHAPE_NOTICE = ' <b>Size</b> below must be wider or taller than the image.';
const CUT_OUT_NOTICE = ' <b>For a transparent background</b>, it begins with “Remove the background.”';

function templateProperties(template: PromptTemplate): INodeProperties[] {
	const displayOptions = { show: { promptTemplate: [template.value] } };
	const sentence = fillIn(template, ({ displayName }) => `[${displayName}]`);
	const more = `${template.changesShape ? SHAPE_NOTICE : ''}${template.cutOut ? CUT_OUT_NOTICE : ''}`;
	return [
		{
			displayName: `Prompt sent to Seedream: “${sentence}”${more}`,
			name: `${template.value}Notice`,
			type: 'notice',
			default: '',
			displayOptions,
		},
		...template.fields.map(({ name, displayName, placeholder }): INodeProperties => ({
			displayName,
			name,
			type: 'string',
			default: '',
			required: true,
			placeholder,
			description: `Fills in [${displayName}] in the prompt above`,
			displayOptions,
		})),
	];
}

/** Prompt Template, and what each template shows when it is chosen. */
export const promptTemplateFields: INodeProperties[] = [
	{
		displayName: 'Prompt Template',
		name: 'promptTemplate',
		type: 'options',
		// An expression would show the fields of all templates at once.
		noDataExpression: true,
		builderHint: {
			propertyHint: 'Keep none if the user describes the edit: the whole text goes into prompt.',
		},
		options: [
			{ name: 'None', value: NO_TEMPLATE, description: 'Write the whole prompt yourself' },
			...PROMPT_TEMPLATES.map(({ name, value, description }) => ({ name, value, description })),
		],
		default: NO_TEMPLATE,
		description: 'A ready-made prompt for a common task. You can add your own instructions below it.',
	},
	...PROMPT_TEMPLATES.flatMap(templateProperties),
];

const promptBase = { name: 'prompt', type: 'string', default: '' } satisfies Partial<INodeProperties>;

/** Prompt Template, and Prompt: required without a template, optional with one. */
export const promptFields: INodeProperties[] = [
	...promptTemplateFields,
	{
		...promptBase,
		displayName: 'Prompt',
		typeOptions: { rows: 4 },
		required: true,
		placeholder: 'e.g. Replace the background with a sunny beach and keep the product unchanged',
		description: 'Describe what to change in the image. Works best with up to 600 English words.',
		displayOptions: { show: { promptTemplate: [NO_TEMPLATE] } },
	},
	{
		...promptBase,
		displayName: 'Additional Instructions',
		typeOptions: { rows: 2 },
		placeholder: 'e.g. Keep the logo in the corner',
		description: 'Optional. Added after the prompt of the template.',
		displayOptions: { hide: { promptTemplate: [NO_TEMPLATE] } },
	},
];

/** What an edit asks for. */
export interface EditPrompt {
	/** The template's sentence, then Prompt. */
	text: string;
	/** What to send instead where the background becomes transparent; null where the template is another one. */
	cutOut: string | null;
	template: PromptTemplate | null;
}

/** Reads the prompt. @throws AtlasError (`input`) if a field of the template is empty, or there is nothing to send */
export function readPrompt(context: IExecuteFunctions, itemIndex: number): EditPrompt {
	const template = readTemplate(context, itemIndex);
	const read = (name: string, title: string) =>
		readText(title, context.getNodeParameter(name, itemIndex, ''));
	if (!template) {
		const text = read('prompt', 'Prompt');
		if (text !== '') return { text, cutOut: null, template };
		throw inputError(
			"'Prompt' is empty",
			'Describe what to change in the image. If you use an expression, check that it returns text for this item.',
		);
	}
	const texts = template.fields.map(({ name, displayName }) => read(name, displayName));
	const missing = template.fields.filter((_field, i) => texts[i] === '');
	if (missing.length > 0) {
		const [are, them] = missing.length > 1 ? ['are', 'them'] : ['is', 'it'];
		throw inputError(
			`${missing.map(({ displayName }) => `'${displayName}'`).join(' and ')} ${are} empty in the ${template.name} template`,
			`Fill ${them} in, or set 'Prompt Template' to None. If you use an expression, check that it returns text for this item.`,
		);
	}
	const additions = read('prompt', 'Additional Instructions');
	const withAdditions = (sentence: string) => `${sentence} ${additions}`.trim();
	const text = withAdditions(fillIn(template, (field) => texts[template.fields.indexOf(field)]));
	return { text, cutOut: template.cutOut ? withAdditions(template.cutOut) : null, template };
}

function readTemplate(context: IExecuteFunctions, itemIndex: number): PromptTemplate | null {
	const value: unknown = context.getNodeParameter('promptTemplate', itemIndex, NO_TEMPLATE);
	if (value === NO_TEMPLATE) return null;
	const template = PROMPT_TEMPLATES.find((one) => one.value === value);
	if (template) return template;
	throw inputError("Unknown 'Prompt Template'", 'Choose a template from the list, or None.');
}

/** Checks that a template has what it speaks of. @param size the parameter Size @throws AtlasError (`input`) */
export function checkTemplate(template: PromptTemplate | null, imageCount: number, size: ChosenSize): void {
	if (!template) return;
	const { name, minImages = 1, changesShape } = template;
	if (imageCount < minImages) {
		throw inputError(
			`The template ${name} needs ${minImages} images, but this item has ${imageCount}`,
			"Add the other one in 'Images', separated by a comma: the names of two file fields, or two URLs. A Merge node keeps only one of two files called data: rename one of them before the Merge node.",
		);
	}
	if (changesShape && keepsShape(size)) {
		throw inputError(
			`The template ${name} needs a 'Size' that is wider or taller than the image`,
			'In the shape of the input image, there is no room to add anything: choose a size of another shape.',
		);
	}
}
