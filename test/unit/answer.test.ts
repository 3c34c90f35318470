import { truncate } from '../../nodes/AtlasCloud/api/errors';
import { reasonOf } from '../../nodes/AtlasCloud/api/http/answer';

it.each([
	['text', 'text'],
	[' text ', 'text'],
	['', null],
	[{ message: '', msg: 'm' }, 'm'],
	[{ error: { detail: { reason: 'deep' } } }, 'deep'],
	[[{ message: 'x' }], null],
	[7, null],
	['bad data:image/png;base64,AAAA, sorry', 'bad data:image/png;… sorry'],
])('finds Atlas’s message in %j', (value, reason) => expect(reasonOf(value)).toBe(reason));

it('truncates long text', () => {
	expect(truncate('data:image/png;base64,AAAA')).toBe('data:image/png;…');
	expect(truncate('DATA:,x')).toBe('DATA:;…');
	expect(truncate('a'.repeat(500))).toHaveLength(121);
	expect(truncate('short')).toBe('short');
});
