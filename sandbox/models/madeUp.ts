import type { Model, ModelType } from './model';
import { sideRange } from './sizes';

/** Models that exist nowhere else, so that searching and filtering the catalog has something to search. */

/** Type, id, display name, price. */
const ROWS: ReadonlyArray<readonly [ModelType, string, string, number]> = [
	['Text', 'harbor/gull-4-chat', 'Gull 4 Chat', 0.15],
	['Text', 'harbor/gull-4-mini', 'Gull 4 Mini', 0.04],
	['Text', 'harbor/gull-4-code', 'Gull 4 Code', 0.2],
	['Text', 'northwind/petrel-70b-instruct', 'Petrel 70B Instruct', 0.35],
	['Text', 'northwind/petrel-8b-instruct', 'Petrel 8B Instruct', 0.05],
	['Text', 'northwind/petrel-reasoner', 'Petrel Reasoner', 0.6],
	['Text', 'quietlake/heron-v2', 'Heron v2', 0.27],
	['Text', 'quietlake/heron-v2-long', 'Heron v2 Long', 0.4],
	['Text', 'quietlake/heron-embed', 'Heron Embed', 0.01],
	['Text', 'cobalt/lark-moe-120b', 'Lark MoE 120B', 0.3],
	['Text', 'cobalt/lark-edit-text', 'Lark Text Edit', 0.12],
	['Text', 'bytedance/reed-1.6-flash', 'Reed 1.6 Flash', 0.03],
	['Video', 'bytedance/reeldance-v1-pro/image-to-video', 'Reeldance v1 Pro Image to Video', 0.05],
	['Video', 'bytedance/reeldance-v1-pro/text-to-video', 'Reeldance v1 Pro Text to Video', 0.05],
	['Video', 'bytedance/reeldance-v1-lite/image-to-video', 'Reeldance v1 Lite Image to Video', 0.02],
	['Video', 'marble/drift-2.1/text-to-video', 'Drift 2.1 Text to Video', 0.07],
	['Video', 'marble/drift-2.1/image-to-video', 'Drift 2.1 Image to Video', 0.07],
	['Video', 'marble/drift-2.1-turbo/text-to-video', 'Drift 2.1 Turbo Text to Video', 0.03],
	['Video', 'marble/drift-2.1/video-edit', 'Drift 2.1 Video Edit', 0.09],
	['Video', 'saltmarsh/tide-3/text-to-video', 'Tide 3 Text to Video', 0.1],
	['Video', 'saltmarsh/tide-3/image-to-video', 'Tide 3 Image to Video', 0.1],
	['Video', 'saltmarsh/tide-3/extend', 'Tide 3 Extend', 0.08],
	['Video', 'upland/ridge-video', 'Ridge Video', 0.04],
	['Video', 'upland/ridge-video-hd', 'Ridge Video HD', 0.12],
	['Video', 'upland/ridge-lipsync', 'Ridge Lip Sync', 0.06],
	['Audio', 'fennel/whisperer-large', 'Whisperer Large', 0.006],
	['Audio', 'fennel/sing-1', 'Sing 1', 0.03],
	['Audio', 'fennel/speak-2', 'Speak 2', 0.01],
	['Audio', 'upland/echo-music', 'Echo Music', 0.05],
	['Image', 'bytedance/seedling-3/text-to-image', 'Seedling 3 Text to Image', 0.018],
	['Image', 'paperkite/kite-1/text-to-image', 'Kite 1 Text to Image', 0.02],
	['Image', 'paperkite/kite-1/edit', 'Kite 1 Edit', 0.025],
	['Image', 'paperkite/kite-1-pro/edit', 'Kite 1 Pro Edit', 0.06],
	['Image', 'smallprint/inkwell-dev', 'Inkwell Dev', 0.012],
	['Image', 'smallprint/inkwell-max', 'Inkwell Max', 0.04],
	['Image', 'smallprint/inkwell-upscale', 'Inkwell Upscale', 0.01],
	['Image', 'smallprint/inkwell-background-remover', 'Inkwell Background Remover', 0.008],
	['Image', 'gansey/wren-image-plus/edit', 'Wren Image Plus Edit', 0.021],
	['Image', 'gansey/wren-image/text-to-image', 'Wren Image Text to Image', 0.02],
	['Image', 'gansey/wren-image-layers', 'Wren Image Layers', 0.05],
];

function madeUpModel([type, id, displayName, usd]: (typeof ROWS)[number]): Model {
	const edits = type === 'Image' && /edit|upscale|remover|layers/.test(id);
	const listed = {
		id,
		type,
		displayName,
		profile: `${displayName}, a made-up model of the sandbox.`,
		price: { usd, unit: type === 'Video' ? 'second' : 'generation' } as const,
		categories: [edits ? 'Image-to-Image' : `Text-to-${type}`],
		tags: edits ? ['IMAGE-TO-IMAGE'] : [],
		displayConsole: true,
	};
	if (type !== 'Image') return { ...listed, kind: 'unavailable' };
	return {
		...listed,
		kind: 'seedream',
		images: edits ? { min: 1, max: 4 } : null,
		size: sideRange(256, 2048, '1024*1024'),
		outputFormat: false,
		background: false,
		isStrict: false,
		sequence: null,
	};
}

export const MADE_UP_MODELS: readonly Model[] = ROWS.map(madeUpModel);

/** A list of models must leave it out. */
export const HIDDEN_MODEL: Model = {
	...madeUpModel(['Image', 'harbor/seedream-hidden/edit', 'Hidden Edit', 0.03]),
	displayConsole: false,
};
