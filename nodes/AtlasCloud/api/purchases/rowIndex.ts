import { canonicalJson } from '../json';
import {
	compareBodies,
	fieldOf,
	INPUT_LIKE,
	isCut,
	placeOf,
	wantedBody,
	type ReadBody,
	type WantedBody,
} from './body';
import type { Reading, Row } from './reading';
import type { Identity } from './request';

/** Rows that ask for the same, but for what their inputs are, and rows of which that cannot be told. */
export interface Matches {
	same: Row[];
	maybe: Row[];
}

const PROMPT = placeOf(['prompt']);

/**
 * The rows of a reading by what they ask for. Rows that differ in their inputs only are compared once, and only with
 * requests of the same prompt: the time it takes grows with rows and requests, not with their product.
 */
export class RowIndex {
	/** Rows of the same shape, by their prompt. */
	private readonly byPrompt = new Map<string, Map<string, Row[]>>();

	/** Rows whose prompt is not sure. */
	private readonly odd = new Map<string, Row[]>();

	/** How many whole bodies of a model there are, and how many of them have a field. */
	private readonly fieldCounts = new Map<string, Map<string, number>>();

	private readonly known = new Map<string, Matches>();

	constructor({ rows, olderBodies }: Reading) {
		for (const body of olderBodies) this.addFields(body);
		for (const row of rows) {
			this.addFields(row.body);
			const prompt = row.body.values.get(PROMPT) ?? '';
			const isOdd = !row.body.isWhole || isCut(prompt);
			const groups = isOdd ? this.odd : (this.byPrompt.get(prompt) ?? new Map<string, Row[]>());
			if (!isOdd) this.byPrompt.set(prompt, groups);
			const key = shapeOf(row);
			const group = groups.get(key);
			if (group) group.push(row);
			else groups.set(key, [row]);
		}
	}

	/** The rows that a request may have bought, judging by all but its inputs. */
	matching({ body, inputs }: Pick<Identity, 'body' | 'inputs'>): Matches {
		const places = inputs.map(({ place }) => place);
		const key = canonicalJson([body, places]);
		const known = this.known.get(key);
		if (known) return known;
		const wanted = wantedBody(body, places);
		const groups = [
			...(this.byPrompt.get(wanted.values.get(PROMPT) ?? '')?.values() ?? []),
			...this.odd.values(),
		];
		// What stands for an input elsewhere may be a value of this body.
		const isPlain = ![...wanted.values.values()].some((value) => INPUT_LIKE.test(value));
		const matches: Matches = { same: [], maybe: [] };
		for (const rows of isPlain ? groups : groups.flat().map((row) => [row])) {
			const result = this.compare(wanted, rows[0]);
			if (result !== 'other') matches[result].push(...rows);
		}
		this.known.set(key, matches);
		return matches;
	}

	private compare(wanted: WantedBody, { body, model }: Row): 'same' | 'maybe' | 'other' {
		const counts = this.fieldCounts.get(body.values.get('model') ?? '');
		// A field that another body of the model does not have is none that Atlas adds.
		const mayBeAdded = (field: string) => counts?.get(field) === counts?.get('model');
		return compareBodies(wanted, body, model, mayBeAdded);
	}

	private addFields(body: ReadBody): void {
		if (!body.isWhole) return;
		const model = body.values.get('model') ?? '';
		const counts = this.fieldCounts.get(model) ?? new Map<string, number>();
		this.fieldCounts.set(model, counts);
		for (const field of new Set([...body.values.keys()].map(fieldOf)))
			counts.set(field, (counts.get(field) ?? 0) + 1);
	}
}

function shapeOf({ body, model }: Row): string {
	const values = [...body.values].map(([place, value]) => [place, INPUT_LIKE.test(value) ? '' : value]);
	values.sort(([a], [b]) => (a < b ? -1 : 1));
	return JSON.stringify([values, body.isWhole, body.cut, model]);
}
