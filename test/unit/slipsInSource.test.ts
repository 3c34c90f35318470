import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { AtlasCloudModels } from '../../nodes/AtlasCloud/AtlasCloudModels/AtlasCloudModels.node';
import { SeedreamEdit } from '../../nodes/AtlasCloud/SeedreamEdit/SeedreamEdit.node';
import { slipsIn } from './slips';

/** A text in the source, with `X` for each value that is put into it. */
interface SourceText {
	/** `panel/options.ts:41`, relative to the folder that was searched. */
	place: string;
	text: string;
}

/** Every string and template of two or more words in the TypeScript files of a folder. */
function sourceTexts(folder: string): SourceText[] {
	return readdirSync(folder, { recursive: true, encoding: 'utf8' })
		.filter((name) => name.endsWith('.ts'))
		.flatMap((name) => textsInFile(join(folder, name), relative('.', name)));
}

function textsInFile(path: string, name: string): SourceText[] {
	const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
	const found: SourceText[] = [];
	const visit = (node: ts.Node): void => {
		if (ts.isTypeNode(node) || ts.isImportDeclaration(node)) return;
		const text = textOf(node)?.trim();
		if (text !== undefined && /[A-Za-z’',.] [A-Za-z(]/.test(text)) {
			const { line } = source.getLineAndCharacterOfPosition(node.getStart());
			found.push({ place: `${name}:${line + 1}`, text });
		}
		ts.forEachChild(node, visit);
	};
	visit(source);
	return found;
}

function textOf(node: ts.Node): string | undefined {
	if (ts.isStringLiteralLike(node)) return node.text;
	if (!ts.isTemplateExpression(node)) return undefined;
	// Apart from the word before it, which a slip may end with.
	return node.templateSpans.reduce(
		(text, { literal }) => `${text}${/[a-z]$/i.test(text) ? ' ' : ''}X${literal.text}`,
		node.head.text,
	);
}

/** Texts that no person reads as prose, and names of our own. */
const EXCEPTIONS = [
	// Extensions, in a list
	/^(jpeg jpe|asp aspx) /,
];

const texts = [...sourceTexts('nodes'), ...sourceTexts('credentials')].filter(
	({ text }) => !EXCEPTIONS.some((exception) => exception.test(text)),
);

it('finds the texts of the source, with what is put into them left out', () => {
	expect(texts.length).toBeGreaterThan(400);
	expect(texts.map(({ text }) => text)).toContain('This item has X, but X accepts at most X');
});

it('none of them has a slip', () => {
	const slips = texts.flatMap(({ place, text }) => slipsIn(text).map((slip) => `${place}: ${slip}`));
	expect(slips).toEqual([]);
});

/** Parameters whose names are no ordinary words. */
const PARAMETERS = [
	...new SeedreamEdit().description.properties,
	...new AtlasCloudModels().description.properties,
]
	.flatMap(({ displayName, options = [] }) => [
		displayName,
		...options.flatMap((option) => ('displayName' in option ? option.displayName : [])),
	])
	.map((name) => name.replace(/ \(\w+\)$/, ''))
	.filter(
		(name) => !/\p{Ll}\s.*\.|^Download /u.test(name) && (/ /.test(name) || /Timeout|Concurrency/.test(name)),
	);

it('a message has the names of parameters in single quotes', () => {
	const unquoted = new RegExp(`(?<!['“{\\w-]|> |<b>)(?:${[...new Set(PARAMETERS)].join('|')})(?![\\w'])`);
	const inMessages = texts.filter(
		({ place, text }) =>
			!/panel\/|promptTemplates|Trigger\.node/.test(place) &&
			!PARAMETERS.includes(text.replace(/ \(\w+\)$/, '')),
	);
	expect(inMessages.filter(({ text }) => unquoted.test(text))).toEqual([]);
});
