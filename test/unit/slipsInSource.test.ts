import { slipsIn } from './slips';
import { sourceTexts } from './sourceTexts';

/** Texts that no person reads as prose, and names of our own. */
const EXCEPTIONS = [
	// Extensions of programs, in a list
	/^htm html xhtml /,
];

const texts = [...sourceTexts('nodes'), ...sourceTexts('credentials')].filter(
	({ text }) => !EXCEPTIONS.some((exception) => exception.test(text)),
);

it('finds the texts of the source, with what is put into them left out', () => {
	expect(texts.length).toBeGreaterThan(400);
	expect(texts.map(({ text }) => text)).toContain('This item has X, but X accepts at most X');
});

it('none of them has a slip', () => {
	const slips = texts.flatMap(({ place, text }) => slipsIn(text).map((slip) => `${place}: ${slip}`));
	expect(slips).toEqual([]);
});
