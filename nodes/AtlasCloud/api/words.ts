/** E.g. `1 edit`, `2 edits`. */
export function plural(count: number, noun: string): string {
	return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** E.g. `2 edits submitted`; empty for none. */
export function countNoun(count: number, noun: string, participle = ''): string[] {
	return count === 0 ? [] : [`${plural(count, noun)}${participle}`];
}

/** E.g. `an edit`, `a prediction`. */
export function withArticle(noun: string): string {
	return `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;
}
