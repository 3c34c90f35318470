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
