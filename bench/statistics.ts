export function mean(values: number[]): number {
	return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** @param share 0.5 for the median */
export function quantile(values: number[], share: number): number {
	const sorted = [...values].sort((a, b) => a - b);
	const at = share * (sorted.length - 1);
	const below = Math.floor(at);
	const above = Math.min(sorted.length - 1, below + 1);
	return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

export function median(values: number[]): number {
	return quantile(values, 0.5);
}

/**
 * Measures some rounds, and as many again where their outcome misses a goal: one that is missed by noise
 * is met by the median of more.
 * @param seeds of the predictions' times, one a round
 */
export async function rounds<T>(
	count: number,
	isMissed: (measured: T[]) => boolean,
	measure: (seed: number) => Promise<T>,
): Promise<T[]> {
	const measured: T[] = [];
	while (measured.length < count) measured.push(await measure(measured.length + 1));
	if (count > 1 && isMissed(measured))
		while (measured.length < 2 * count) measured.push(await measure(measured.length + 1));
	return measured;
}
