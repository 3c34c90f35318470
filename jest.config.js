/** @type {import('jest').Config} */
const common = {
	testEnvironment: '<rootDir>/test/environment/oneRealm.js',
	setupFiles: ['<rootDir>/test/environment/nativeModules.js'],
	transform: {
		'^.+\\.ts$': [
			'@swc/jest',
			{
				jsc: { target: 'es2022', parser: { syntax: 'typescript', decorators: true } },
				module: { type: 'commonjs' },
			},
		],
	},
};

/** @type {import('jest').Config} */
module.exports = {
	projects: [
		{ ...common, displayName: 'unit', roots: ['<rootDir>/test/unit'] },
		{
			...common,
			displayName: 'engine',
			roots: ['<rootDir>/test/engine'],
			setupFiles: [...common.setupFiles, '<rootDir>/test/environment/engine.js'],
		},
		{ ...common, displayName: 'sandbox', roots: ['<rootDir>/test/sandbox'] },
	],
	// A machine may be slow or busy: only what never ends is to fail by it.
	testTimeout: 600_000,
	maxWorkers: 2,
	reporters: ['default', '<rootDir>/test/slowestFiles.js'],
};
