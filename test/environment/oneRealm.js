const asyncHooks = require('node:async_hooks');
const vm = require('node:vm');
const { ModuleMocker } = require('jest-mock');

/*
 * Runs test files in Node's own realm. Jest's usual environment gives each file a realm of its own, whose globals are
 * slow, and loads n8n-core anew in each of them: two seconds a file. Here a process loads it once (nativeModules.js),
 * and errors and arrays of n8n are `instanceof` the ones that tests know.
 */

const { AsyncLocalStorage } = asyncHooks;
/** From Node 24 on, it is no burden, and cannot be replaced. */
const isReplaceable = Object.getOwnPropertyDescriptor(asyncHooks, 'AsyncLocalStorage').writable === true;
const { compileFunction } = vm;
/** Compiled modules by path: in one realm, the same function makes a module anew for each test file. */
const compiled = new Map();

vm.compileFunction = (code, params, options) => {
	// Jest insists on a context: this very object means "none".
	if (options?.parsingContext !== globalThis) return compileFunction(code, params, options);
	const before = compiled.get(options.filename);
	if (before?.code === code) return before.made;
	const made = compileFunction(code, params, { ...options, parsingContext: undefined });
	// Each `import()` belongs to the test file that it was compiled for.
	if (!code.includes('import(')) compiled.set(options.filename, { code, made });
	return made;
};

/**
 * Knows which test runs, in place of the AsyncLocalStorage in which Jest keeps it to tell whose an unhandled rejection is:
 * in Node 20 that makes every promise of the process twice as slow. Tests of a file run one after another.
 */
class RunningTest {
	getStore() {
		return this.test;
	}

	async run(test, work) {
		const before = this.test;
		this.test = test;
		try {
			return await work();
		} finally {
			this.test = before;
		}
	}
}

/** Everything that a file may change for the next one in this process. */
const shared = () => [globalThis, process.env, Error];

/** @returns a function that puts the object's own properties back as they are now */
function snapshot(object) {
	const before = Object.getOwnPropertyDescriptors(object);
	return () => {
		for (const key of Reflect.ownKeys(object)) if (!(key in before)) delete object[key];
		for (const key of Reflect.ownKeys(before)) {
			const now = Object.getOwnPropertyDescriptor(object, key);
			const { value, get } = before[key];
			if (now?.value !== value || now?.get !== get) Object.defineProperty(object, key, before[key]);
		}
	};
}

/** Runs and removes what was put on `exit` since then: workers are killed, so that it would never run. */
function exitListeners() {
	const before = process.listeners('exit');
	return () => {
		for (const listener of process.rawListeners('exit')) {
			if (before.includes(listener.listener ?? listener)) continue;
			process.off('exit', listener);
			(listener.listener ?? listener).call(process, 0);
		}
	};
}

module.exports = class OneRealmEnvironment {
	constructor() {
		const { exit } = process;
		this.restore = [
			exitListeners(),
			...shared().map(snapshot),
			// Jest's runner replaces it.
			() => (process.exit = exit),
		];
		this.global = globalThis;
		globalThis.requireNatively = require;
		this.moduleMocker = new ModuleMocker(globalThis);
		this.fakeTimers = null;
		this.fakeTimersModern = null;
	}

	/** Jest's runner of tests is loaded between this and its event `setup`. */
	async setup() {
		if (isReplaceable) asyncHooks.AsyncLocalStorage = RunningTest;
	}

	handleTestEvent({ name }) {
		if (isReplaceable && name === 'setup') asyncHooks.AsyncLocalStorage = AsyncLocalStorage;
	}

	async teardown() {
		for (const restore of this.restore) restore();
	}

	getVmContext() {
		return globalThis;
	}

	exportConditions() {
		return ['node', 'node-addons'];
	}
};
