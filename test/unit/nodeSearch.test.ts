import { sublimeSearch } from '@n8n/utils/search/sublime-search';
import modelsCodex from '../../nodes/AtlasCloud/AtlasCloudModels/AtlasCloudModels.node.json';
import triggerCodex from '../../nodes/AtlasCloud/AtlasCloudTrigger/AtlasCloudTrigger.node.json';
import editCodex from '../../nodes/AtlasCloud/SeedreamEdit/SeedreamEdit.node.json';

const NODES = [
	{ displayName: 'Seedream Edit', codex: editCodex },
	{ displayName: 'Atlas Cloud Models', codex: modelsCodex },
	{ displayName: 'Atlas Cloud Trigger', codex: triggerCodex },
];

/** The names of our nodes that n8n's own search finds, the best first. */
function found(phrase: string): string[] {
	const listed = NODES.map((properties) => ({ properties }));
	return sublimeSearch(phrase, listed).map(({ item }) => item.properties.displayName);
}

describe('the search of the nodes panel', () => {
	it.each([
		[
			'Seedream Edit',
			'image edit, image editing, edit image, edit photo, photo edit, photo editor, picture editor, remove background, change background, replace background, background removal, remove object, virtual try-on, virtual try on, upscale, img2img, inpaint, nano banana, seedream, bytedance, atlas cloud',
		],
		[
			'Atlas Cloud Models',
			'generate image, image generation, text to image, generate video, video generation, text to video, image to video, animate image, text to speech, tts, voice over, voiceover, speech to text, music, upscale, lip sync, seedance, nano banana, atlas cloud',
		],
		['Atlas Cloud Trigger', 'atlas cloud, prediction completed, webhook, seedance'],
	])('finds %s by "%s"', (name, phrases) => {
		expect(phrases.split(', ').filter((phrase) => !found(phrase).includes(name))).toEqual([]);
	});

	it('brings none of them up by "send email", "google sheets" or "slack"', () => {
		expect(['send email', 'google sheets', 'slack'].flatMap(found)).toEqual([]);
	});

	// n8n 2.x leaves a node of the category AI out of it, unless it is one for agents.
	it.each(NODES)('may show $displayName', ({ codex }) => {
		expect(codex.categories).not.toContain('AI');
	});
});
