const { relative } = require('node:path');

const COUNT = 5;

/** A jest reporter that prints the slowest test files once all have run. */
module.exports = class SlowestFiles {
	onRunComplete(_contexts, { testResults }) {
		const slowest = testResults
			.map(({ testFilePath, perfStats }) => ({ testFilePath, seconds: perfStats.runtime / 1_000 }))
			.sort((a, b) => b.seconds - a.seconds)
			.slice(0, COUNT);
		process.stderr.write('\nSlowest test files:\n');
		for (const { testFilePath, seconds } of slowest)
			process.stderr.write(`${seconds.toFixed(1).padStart(7)} s  ${relative(process.cwd(), testFilePath)}\n`);
	}
};
