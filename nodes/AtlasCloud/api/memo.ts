/** Creates a promise once per key. A rejected one is removed, so that the next caller starts over. */
export async function memoize<T>(
	promises: Map<string, Promise<T>>,
	key: string,
	create: () => Promise<T>,
): Promise<T> {
	const known = promises.get(key);
	if (known) return await known;
	const created = create();
	promises.set(key, created);
	created.catch(() => promises.delete(key));
	return await created;
}

/** Deletes the oldest entry if there are more than `max`: call it for each new one. */
export function forgetOldest(entries: Map<unknown, unknown> | Set<unknown>, max: number): void {
	// Not for every call: a map walks over what was deleted from its beginning.
	if (entries.size <= max) return;
	const [oldest] = entries.keys();
	entries.delete(oldest);
}

/** Values by key that outlive a run; only the `max` used last are kept. @returns gets or creates the value of a key */
export function recentlyUsed<T>(create: () => T, max = 100): (key: string) => T {
	const values = new Map<string, T>();
	return (key) => {
		const value = values.get(key) ?? create();
		// The latest last.
		values.delete(key);
		values.set(key, value);
		forgetOldest(values, max);
		return value;
	};
}
