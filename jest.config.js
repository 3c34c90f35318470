/** @type {import('jest').Config} */
module.exports = {
	testEnvironment: '<rootDir>/test/environment/oneRealm.js',
	setupFiles: ['<rootDir>/test/environment/nativeModules.js'],
	roots: ['<rootDir>/test'],
	testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/e2e/'],
	transform: {
		'^.+\\.ts$': [
			'@swc/jest',
			{
				jsc: { target: 'es2022', parser: { syntax: 'typescript', decorators: true } },
				module: { type: 'commonjs' },
			},
		],
	},
	testTimeout: 120_000,
	testSequencer: '<rootDir>/test/longestFirst.js',
	maxWorkers: 2,
	reporters: ['default', '<rootDir>/test/slowestFiles.js'],
};
