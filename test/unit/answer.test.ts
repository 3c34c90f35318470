import { reasonOf } from '../../nodes/AtlasCloud/api/http/answer';

it.each([
	['text', 'text'],
	[' text ', 'text'],
	['', null],
	[{ message: '', msg: 'm' }, 'm'],
	[{ error: 'm' }, 'm'],
	[{ detail: 'm' }, 'm'],
	[{ reason: 'm' }, 'm'],
	[{ code: 7 }, null],
	[{ error: { detail: { reason: 'deep' } } }, 'deep'],
	[[{ message: 'x' }], null],
	[7, null],
	['bad data:image/png;base64,AAAA, sorry', 'bad data:image/png;… sorry'],
])('finds Atlas’s message in %j', (value, reason) => expect(reasonOf(value)).toBe(reason));
