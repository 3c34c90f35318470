import { sublimeSearch } from '@n8n/utils/search/sublime-search';
import modelsCodex from '../../nodes/AtlasCloud/AtlasCloudModels/AtlasCloudModels.node.json';
import triggerCodex from '../../nodes/AtlasCloud/AtlasCloudTrigger/AtlasCloudTrigger.node.json';
import editCodex from '../../nodes/AtlasCloud/SeedreamEdit/SeedreamEdit.node.json';

const NODES = [
	{ displayName: 'Seedream Edit', codex: editCodex },
	{ displayName: 'Atlas Cloud Models', codex: modelsCodex },
	{ displayName: 'Atlas Cloud Trigger', codex: triggerCodex },
];

const phrases = (text: string) => text.split(', ');

/** The names of our nodes that n8n's own search finds, the best first. */
function found(phrase: string): string[] {
	const listed = NODES.map((properties) => ({ properties }));
	return sublimeSearch(phrase, listed).map(({ item }) => item.properties.displayName);
}

describe('the search of the nodes panel', () => {
	it.each(
		phrases(
			'image edit, image editing, edit image, edit photo, photo edit, photo editor, ' +
				'picture editor, remove background, change background, replace background, ' +
				'background removal, remove object, virtual try-on, virtual try on, upscale, img2img, ' +
				'inpaint, nano banana, seedream, bytedance, atlas cloud',
		),
	)('finds Seedream Edit by "%s"', (phrase) => {
		expect(found(phrase)).toContain('Seedream Edit');
	});

	it.each(
		phrases(
			'generate image, image generation, text to image, generate video, video generation, ' +
				'text to video, image to video, animate image, text to speech, tts, voice over, ' +
				'voiceover, speech to text, music, upscale, lip sync, seedance, nano banana, ' +
				'atlas cloud',
		),
	)('finds Atlas Cloud Models by "%s"', (phrase) => {
		expect(found(phrase)).toContain('Atlas Cloud Models');
	});

	it.each(['atlas cloud', 'prediction completed', 'webhook', 'seedance'])(
		'finds Atlas Cloud Trigger by "%s"',
		(phrase) => {
			expect(found(phrase)).toContain('Atlas Cloud Trigger');
		},
	);

	it.each(['send email', 'google sheets', 'slack'])('does not bring them up by "%s"', (phrase) => {
		expect(found(phrase)).toEqual([]);
	});

	// n8n 2.x leaves a node of the category AI out of it, unless it is one for agents.
	it.each(NODES)('may show $displayName', ({ codex }) => {
		expect(codex.categories).not.toContain('AI');
	});
});
