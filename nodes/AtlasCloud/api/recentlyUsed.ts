/**
 * Values by key that outlive a run. Only those used last are kept.
 * @param max how many
 * @returns gets the value of a key; it is created if it is not kept
 */
export function recentlyUsed<T>(max: number, create: () => T): (key: string) => T {
	const values = new Map<string, T>();
	return (key) => {
		const value = values.get(key) ?? create();
		// The latest last.
		values.delete(key);
		values.set(key, value);
		const [oldest] = values.keys();
		if (values.size > max) values.delete(oldest);
		return value;
	};
}
