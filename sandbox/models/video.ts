import type { InputSchema, MediaModel, Price, Property } from './model';
import { choice, flag, mediaField, mediaList, PROMPT, SEED } from './properties';

/** See docs/atlas-cloud-api.md, Seedance 1.5 Pro. The 2.0 model's price and the whole lipsync model are stand-ins. */

const RATIOS = ['21:9', '16:9', '4:3', '1:1', '3:4', '9:16'] as const;

const SHOT: Record<string, Property> = {
	duration: { type: 'integer', title: 'Duration', minimum: 4, maximum: 12, default: 5 },
	aspect_ratio: choice('Aspect Ratio', RATIOS, '16:9'),
	resolution: choice('Resolution', ['480p', '720p'], '720p'),
	generate_audio: flag('Generate Audio', true),
	camera_fixed: flag('Camera Fixed', false),
	seed: SEED,
};

const TEXT_TO_VIDEO: InputSchema = {
	properties: { prompt: PROMPT, ...SHOT },
	// Names properties that have a default, as some of Atlas Cloud's schemas do.
	required: ['prompt', 'duration'],
};

const IMAGE_TO_VIDEO: InputSchema = {
	properties: {
		image: mediaField('image', 'Image', 'The first frame.'),
		last_image: mediaField('image', 'Last Image', 'The last frame.'),
		prompt: PROMPT,
		...SHOT,
	},
	required: ['image'],
};

const REFERENCE_TO_VIDEO: InputSchema = {
	properties: {
		prompt: PROMPT,
		reference_images: mediaList('image', 'Reference Images', 'People, things and places to show.', 9),
		reference_videos: mediaList('video', 'Reference Videos', 'Movements to follow.', 3),
		reference_audios: mediaList('audio', 'Reference Audios', 'Voices and sounds to use.', 3),
		duration: {
			title: 'Duration',
			description: 'In seconds; -1 lets the model decide.',
			anyOf: [
				{ type: 'integer', enum: [-1] },
				{ type: 'integer', minimum: 4, maximum: 15 },
			],
			default: 5,
		},
		ratio: choice('Ratio', ['adaptive', ...RATIOS], 'adaptive'),
		resolution: choice('Resolution', ['480p', '720p', '1080p'], '720p'),
		generate_audio: flag('Generate Audio', true),
		return_last_frame: flag('Return Last Frame', false),
		watermark: { ...flag('Watermark', false), hidden: true },
		seed: SEED,
	},
	required: ['prompt'],
};

/** Other spellings of the same notions, which Atlas Cloud's models have too: `audio` is a boolean, files are in objects. */
const MIXED_REFERENCES: InputSchema = {
	properties: {
		prompt: PROMPT,
		refers: {
			type: 'array',
			title: 'References',
			items: {
				type: 'object',
				properties: {
					url: { type: 'string', format: 'uri' },
					type: { type: 'string', enum: ['image', 'video', 'audio'] },
				},
				required: ['url', 'type'],
			},
			maxItems: 10,
		},
		duration: choice('Duration', [5, 10], 5),
		resolution: choice('Resolution', ['720P', '1080P'], '720P'),
		audio: flag('Audio', true),
	},
	required: ['prompt'],
};

const LIPSYNC: InputSchema = {
	properties: {
		video: mediaField('video', 'Video', 'Shows the face.'),
		audio: mediaField('audio', 'Audio', 'What the face is to say.'),
		sync_mode: choice('Sync Mode', ['loop', 'cut_off'], 'cut_off'),
		temperature: {
			type: 'number',
			title: 'Temperature',
			minimum: 0,
			maximum: 1,
			default: 0.5,
			disabled: true,
		},
	},
	required: ['video', 'audio'],
};

function seedance(id: string, name: string, input: InputSchema, price: Price): MediaModel {
	const category = input.properties['image'] ? 'IMAGE-TO-VIDEO' : 'TEXT-TO-VIDEO';
	return {
		kind: 'media',
		id: `bytedance/${id}`,
		type: 'Video',
		displayName: name,
		profile: `${name} by ByteDance.`,
		price,
		categories: [category],
		tags: [category, 'AUDIO'],
		displayConsole: true,
		input,
		makes: 'video',
	};
}

const PRO: Price = { usd: 0.222, unit: 'generation' };
const FAST: Price = { usd: 0.018, unit: 'second' };

export const VIDEO_MODELS: readonly MediaModel[] = [
	seedance('seedance-v1.5-pro/text-to-video', 'Seedance v1.5 Pro Text to Video', TEXT_TO_VIDEO, PRO),
	seedance('seedance-v1.5-pro/image-to-video', 'Seedance v1.5 Pro Image to Video', IMAGE_TO_VIDEO, PRO),
	seedance(
		'seedance-v1.5-pro/text-to-video-fast',
		'Seedance v1.5 Pro Text to Video Fast',
		TEXT_TO_VIDEO,
		FAST,
	),
	seedance(
		'seedance-v1.5-pro/image-to-video-fast',
		'Seedance v1.5 Pro Image to Video Fast',
		IMAGE_TO_VIDEO,
		FAST,
	),
	seedance('seedance-2.0/reference-to-video', 'Seedance 2.0 Reference to Video', REFERENCE_TO_VIDEO, {
		usd: 0.08,
		unit: 'second',
		listUsd: 0.1,
	}),
	{
		kind: 'media',
		id: 'marble/drift-3/reference-to-video',
		type: 'Video',
		displayName: 'Drift 3 Reference to Video',
		profile: 'Makes a video of anything, a made-up model of the sandbox.',
		price: { usd: 0.07, unit: 'second' },
		categories: ['REFERENCE-TO-VIDEO'],
		tags: ['REFERENCE-TO-VIDEO', 'AUDIO'],
		displayConsole: true,
		input: MIXED_REFERENCES,
		makes: 'video',
	},
	{
		kind: 'media',
		id: 'upland/ridge-2/lipsync',
		type: 'Video',
		displayName: 'Ridge 2 Lipsync',
		profile: 'Makes the face of a video speak, a made-up model of the sandbox.',
		price: { usd: 0.06, unit: 'second' },
		categories: ['AUDIO-TO-VIDEO'],
		tags: ['LIPSYNC'],
		displayConsole: true,
		input: LIPSYNC,
		makes: 'lipsync',
	},
];
