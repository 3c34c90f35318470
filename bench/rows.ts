import type { SandboxHost } from './sandbox';

/** One line of the table. */
export interface Row {
	what: string;
	result: string;
	/** Empty where it is told for its own sake. */
	goal: string;
	isMet: boolean;
	/** It could not be measured at all: an item failed, or came out of order. */
	isBroken?: boolean;
}

export interface BenchContext {
	host: SandboxHost;
	/** The short form: everything is run, smaller, and no time is judged. */
	isShort: boolean;
}

/** A group of rows that `--only` can name. */
export interface Group {
	name: string;
	title: string;
	/** How long it takes on two quiet processors. */
	takes: string;
	/** What to know about how it is measured. */
	note: string;
	measure(context: BenchContext): Promise<Row[]>;
}

export const times = (value: number): string => `${value.toFixed(2)} ×`;
export const ms = (value: number): string => `${Math.round(value)} ms`;
export const seconds = (valueMs: number): string => `${(valueMs / 1_000).toFixed(1)} s`;
export const megabytes = (value: number): string => `${Math.round(value)} MB`;
export const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;

export function atMost(what: string, value: number, goal: number, shown: (value: number) => string): Row {
	return { what, result: shown(value), goal: `at most ${shown(goal)}`, isMet: value <= goal };
}

export function atLeast(what: string, value: number, goal: number, shown: (value: number) => string): Row {
	return { what, result: shown(value), goal: `at least ${shown(goal)}`, isMet: value >= goal };
}

export function told(what: string, result: string): Row {
	return { what, result, goal: '', isMet: true };
}
