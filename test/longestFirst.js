const { default: Sequencer } = require('@jest/test-sequencer');

/** Files that take the longest start first, so that no worker is left alone with one at the end. */
const LONGEST = [
	'test/engine/faults.test.ts',
	'test/engine/property.test.ts',
	'test/unit/adaptiveConcurrency.test.ts',
	'test/engine/attack.test.ts',
];

module.exports = class LongestFirst extends Sequencer {
	sort(tests) {
		const rank = ({ path }) => LONGEST.findIndex((name) => path.endsWith(name)) >>> 0;
		return super.sort(tests).toSorted((a, b) => rank(a) - rank(b));
	}
};
