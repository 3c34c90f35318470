import { canonicalJson } from '../json';
import { compareBodies, fieldOf, isCut, placeOf, wantedBody, type ReadBody, type WantedBody } from './body';
import type { Reading, Row } from './reading';
import type { Identity } from './request';

/** Rows that ask for the same, but for what their inputs are, and rows of which that cannot be told. */
export interface Matches {
	same: Row[];
	maybe: Row[];
}

const PROMPT = placeOf(['prompt']);

/** Every body has one. */
const ANY_FIELD = '';

/** The rows of a reading by what they ask for. A row is compared only with requests of the same prompt. */
export class RowIndex {
	private readonly byPrompt = new Map<string, Row[]>();

	/** Rows whose prompt is not sure. */
	private readonly odd: Row[] = [];

	/** How many whole bodies of a model have a field. */
	private readonly fieldCounts = new Map<string, Map<string, number>>();

	private readonly known = new Map<string, Matches>();

	constructor({ rows, olderBodies }: Reading) {
		for (const body of olderBodies) this.addFields(body, null);
		for (const row of rows) {
			this.addFields(row.body, row.model);
			const prompt = row.body.values.get(PROMPT) ?? '';
			const isOdd = !row.body.isWhole || isCut(prompt);
			const rowsOf = isOdd ? this.odd : (this.byPrompt.get(prompt) ?? []);
			rowsOf.push(row);
			if (!isOdd) this.byPrompt.set(prompt, rowsOf);
		}
	}

	/** The rows that a request may have bought, judging by all but its inputs. */
	matching({ body, inputs }: Pick<Identity, 'body' | 'inputs'>): Matches {
		const places = inputs.map(({ place }) => place);
		const key = canonicalJson([body, places]);
		const known = this.known.get(key);
		if (known) return known;
		const wanted = wantedBody(body, places);
		const ofPrompt = this.byPrompt.get(wanted.values.get(PROMPT) ?? '') ?? [];
		const matches: Matches = { same: [], maybe: [] };
		for (const row of [...ofPrompt, ...this.odd]) {
			const result = this.compare(wanted, row);
			if (result !== 'other') matches[result].push(row);
		}
		this.known.set(key, matches);
		return matches;
	}

	private compare(wanted: WantedBody, { body, model }: Row): 'same' | 'maybe' | 'other' {
		const counts = this.fieldCounts.get(body.values.get('model') ?? model ?? '');
		// A field that another body of the model does not have is none that Atlas adds.
		const mayBeAdded = (field: string) => counts?.get(field) === counts?.get(ANY_FIELD);
		return compareBodies(wanted, body, model, mayBeAdded);
	}

	private addFields(body: ReadBody, rowModel: string | null): void {
		if (!body.isWhole) return;
		const model = body.values.get('model') ?? rowModel ?? '';
		const counts = this.fieldCounts.get(model) ?? new Map<string, number>();
		this.fieldCounts.set(model, counts);
		for (const field of new Set([ANY_FIELD, ...[...body.values.keys()].map(fieldOf)]))
			counts.set(field, (counts.get(field) ?? 0) + 1);
	}
}
