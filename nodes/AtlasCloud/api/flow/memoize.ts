/** A promise made once per key; a failed one is forgotten, so that the next who asks tries anew. */
export async function memoize<T>(
	promises: Map<string, Promise<T>>,
	key: string,
	make: () => Promise<T>,
): Promise<T> {
	const known = promises.get(key);
	if (known) return await known;
	const made = make();
	promises.set(key, made);
	made.catch(() => promises.delete(key));
	return await made;
}
