import { AtlasCloudSeedreamApi } from '../../credentials/AtlasCloudSeedreamApi.credentials';
import { AtlasCloudModels } from '../../nodes/AtlasCloud/AtlasCloudModels/AtlasCloudModels.node';
import { AtlasCloudTrigger } from '../../nodes/AtlasCloud/AtlasCloudTrigger/AtlasCloudTrigger.node';
import { SeedreamEdit } from '../../nodes/AtlasCloud/SeedreamEdit/SeedreamEdit.node';
import { PROMPT_TEMPLATES } from '../../nodes/AtlasCloud/SeedreamEdit/promptTemplates';
import { slipsIn, textsOf } from './slips';

const DESCRIBED: Array<[name: string, description: unknown]> = [
	['Seedream Edit', new SeedreamEdit().description],
	['Atlas Cloud Models', new AtlasCloudModels().description],
	['Atlas Cloud Trigger', new AtlasCloudTrigger().description],
	['the credential', new AtlasCloudSeedreamApi()],
	['the prompts of the templates', PROMPT_TEMPLATES.map(({ sentence }) => ({ description: sentence }))],
];

describe.each(DESCRIBED)('the texts of %s', (_name, description) => {
	const texts = [...new Set(textsOf(description))];

	it('are there', () => {
		expect(texts.length).toBeGreaterThan(5);
	});

	it('have no slips', () => {
		expect(texts.flatMap(slipsIn)).toEqual([]);
	});
});

it('the trigger says which URL to use, and where it is', () => {
	const { properties, activationMessage, eventTriggerDescription } = new AtlasCloudTrigger().description;
	expect(properties[0].displayName).toMatch(/Webhook URLs.* above.*Production URL.*copy it/);
	expect(activationMessage).toContain('Production URL');
	expect(eventTriggerDescription).toContain('Test URL');
});
