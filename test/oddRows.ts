/* What a history may make of the rows that it shows. */

export type HistoryRow = Record<string, unknown>;

const bodyOf = ({ requestBody }: HistoryRow) => JSON.parse(String(requestBody)) as object;

/** With more in its request, as text again. */
export const added =
	(more: object) =>
	(row: HistoryRow): HistoryRow => ({ ...row, requestBody: JSON.stringify({ ...bodyOf(row), ...more }) });

/** With so many characters of its request. */
export const cut =
	(length: number) =>
	(row: HistoryRow): HistoryRow => ({ ...row, requestBody: `${String(row.requestBody).slice(0, length)}…` });

/** With its request as JSON. */
export const parsed = (row: HistoryRow): HistoryRow => ({ ...row, requestBody: bodyOf(row) });

/** With its request as a text in a text. */
export const twice = (row: HistoryRow): HistoryRow => ({
	...row,
	requestBody: JSON.stringify(row.requestBody),
});

export const withoutRequest = (row: HistoryRow): HistoryRow => ({ ...row, requestBody: undefined });

export const withDefaults = added({ seed: -1, enable_safety_checker: true });

export const otherName = (row: HistoryRow): HistoryRow => ({ ...row, model: 'seedream-4-0-250828' });
