/** One uncertain fact, and what was seen of it. */
export interface Fact {
	/** A heading of docs/atlas-cloud-api.md. */
	topic: string;
	question: string;
	/** What the page says or the sandbox does by default. */
	assumed: string;
	seen: string;
}

/** Facts of one topic, in a line each. */
export function factsOf(
	topic: string,
	...rows: Array<[question: string, assumed: string, seen: string]>
): Fact[] {
	return rows.map(([question, assumed, seen]) => ({ topic, question, assumed, seen }));
}

/** A time since an event, in words. */
export function seconds(ms: number): string {
	return ms < 100 ? 'at once' : `after ${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}
