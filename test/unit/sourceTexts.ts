import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

/** A text in the source, with `X` for each value that is put into it. */
export interface SourceText {
	/** `shared/options.ts:41`, relative to the folder that was searched. */
	place: string;
	text: string;
}

/** Every string and template of two or more words in the TypeScript files of a folder. */
export function sourceTexts(folder: string): SourceText[] {
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
	return node.head.text + node.templateSpans.map(({ literal }) => `X${literal.text}`).join('');
}
