import { mayBeSame } from '../../nodes/AtlasCloud/api/purchases/requestShape';

const TYPED = {
	model: 'm',
	prompt: 'a cup',
	seed: '7',
	image: 'data',
	loop: 'yes',
	mood: 'calm',
	size: '720P',
};
const SENT = {
	model: 'm',
	prompt: 'a cup',
	seed: 7,
	image: 'https://e.example/1.png',
	loop: true,
	size: '720p',
};

it('knows a request again that was sent with the types of its schema', () => {
	expect(mayBeSame(TYPED, SENT)).toBe(true);
	expect(mayBeSame(TYPED, TYPED)).toBe(true);
	expect(mayBeSame({ ...TYPED, image: ['a', 'b'] }, { ...SENT, image: ['https://e.example/1.png'] })).toBe(
		true,
	);
	expect(mayBeSame({ ...TYPED, ratio: '[1, 2]' }, { ...SENT, ratio: [1, 2] })).toBe(true);
});

it.each([{ prompt: 'a mug' }, { seed: 8 }, { size: '1080p' }, { prompt: '' }])(
	'tells one with %j apart',
	(change) => expect(mayBeSame(TYPED, { ...SENT, ...change })).toBe(false),
);
