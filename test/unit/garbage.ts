import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Whether nothing holds the object any more. */
export async function isCollected(ref: WeakRef<object>): Promise<boolean> {
	setFlagsFromString('--expose-gc');
	const collectGarbage = runInNewContext('gc') as () => void;
	// A WeakRef that was made or read keeps its object until the current job is over.
	await new Promise((resolve) => setImmediate(resolve));
	collectGarbage();
	return ref.deref() === undefined;
}
