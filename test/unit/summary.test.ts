import { countNoun, plural } from '../../nodes/AtlasCloud/api/text';
import { EDIT_STYLE } from '../../nodes/AtlasCloud/panel/style';
import { countResults } from '../../nodes/AtlasCloud/operations/kind';

it.each([
	[0, '0 seconds'],
	[0.5, '0.5 seconds'],
	[1, '1 second'],
	[2, '2 seconds'],
	[21, '21 seconds'],
])('%d second(s) are called %s', (count, text) => expect(plural(count, 'second')).toBe(text));

it('counts what there is, and says nothing of what there is not', () => {
	expect(countNoun(0, 'edit', ' submitted')).toEqual([]);
	expect(countNoun(1, 'edit', ' submitted')).toEqual(['1 edit submitted']);
	expect(countNoun(2, 'edit', ' submitted')).toEqual(['2 edits submitted']);
});

it('sums up predictions by their status', () => {
	const statuses = ['completed', 'processing', 'failed', 'failed'];
	const items = statuses.map((status) => ({ json: { status } }));
	expect(countResults(EDIT_STYLE, items)).toEqual(['1 edited image', '1 edit still running']);
});
