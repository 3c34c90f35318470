import { AtlasCloudModels } from '../../nodes/AtlasCloud/AtlasCloudModels/AtlasCloudModels.node';
import { SeedreamEdit } from '../../nodes/AtlasCloud/SeedreamEdit/SeedreamEdit.node';
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

/** Parameters whose names are no ordinary words. */
const PARAMETERS = [
	...new SeedreamEdit().description.properties,
	...new AtlasCloudModels().description.properties,
]
	.flatMap(({ displayName, options = [] }) => [
		displayName,
		...options.flatMap((option) => ('displayName' in option ? option.displayName : [])),
	])
	.map((name) => name.replace(/ \(\w+\)$/, ''))
	.filter(
		(name) => !/\p{Ll}\s.*\.|^Download /u.test(name) && (/ /.test(name) || /Timeout|Concurrency/.test(name)),
	);

it('a message has the names of parameters in single quotes', () => {
	const unquoted = new RegExp(`(?<!['“{\\w-]|> |<b>)(?:${[...new Set(PARAMETERS)].join('|')})(?![\\w'])`);
	const inMessages = texts.filter(
		({ place, text }) =>
			!/panel\/|fields\.ts|Trigger\.node/.test(place) && !PARAMETERS.includes(text.replace(/ \(\w+\)$/, '')),
	);
	expect(inMessages.filter(({ text }) => unquoted.test(text))).toEqual([]);
});
