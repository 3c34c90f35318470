import type { MediaModel } from './model';
import { choice, mediaField, PROMPT } from './properties';

/** All made up. Speech to text and lyrics are of type Audio, too, but return text. */
export const AUDIO_MODELS: readonly MediaModel[] = [
	{
		kind: 'media',
		id: 'fennel/speak-3/text-to-speech',
		type: 'Audio',
		displayName: 'Speak 3 Text to Speech',
		profile: 'Reads a text aloud, a made-up model of the sandbox.',
		price: { usd: 0.05, unit: '1k_chars' },
		categories: ['TEXT-TO-SPEECH'],
		tags: ['TEXT-TO-SPEECH'],
		displayConsole: true,
		input: {
			properties: {
				text: { type: 'string', title: 'Text', description: 'What to say.', minLength: 1, maxLength: 5000 },
				voice: choice('Voice', ['calm', 'bright', 'deep'], 'calm'),
				speed: { type: 'number', title: 'Speed', minimum: 0.5, maximum: 2, default: 1 },
				format: choice('Format', ['mp3', 'wav'], 'mp3'),
				sample_rate: choice('Sample Rate', [16_000, 24_000, 48_000], 24_000),
				pronunciation: { $ref: '#/components/schemas/Pronunciation' },
			},
			required: ['text'],
			shared: {
				Pronunciation: {
					type: 'object',
					title: 'Pronunciation',
					properties: { language: { type: 'string' }, tones: { type: 'array', items: { type: 'string' } } },
				},
			},
		},
		makes: 'speech',
	},
	{
		kind: 'media',
		id: 'fennel/scribe-2/speech-to-text',
		type: 'Audio',
		displayName: 'Scribe 2 Speech to Text',
		profile: 'Writes down what is said, a made-up model of the sandbox.',
		price: { usd: 0.006, unit: 'minute' },
		categories: ['SPEECH-TO-TEXT'],
		tags: ['SPEECH-TO-TEXT'],
		displayConsole: true,
		input: {
			properties: {
				audio_url: mediaField('audio', 'Audio', 'What to write down.'),
				language: {
					title: 'Language',
					description: 'Detected where missing or null.',
					anyOf: [{ type: 'string', enum: ['en', 'de', 'tr'] }, { type: 'null' }],
					default: null,
				},
			},
			required: ['audio_url'],
		},
		makes: 'transcript',
	},
	{
		kind: 'media',
		id: 'fennel/verse-1/lyrics-generation',
		type: 'Audio',
		displayName: 'Verse 1 Lyrics Generation',
		profile: 'Writes lyrics, a made-up model of the sandbox.',
		price: { usd: 0.01, unit: 'generation' },
		categories: ['TEXT-TO-AUDIO'],
		tags: ['LYRICS'],
		displayConsole: true,
		input: { properties: { prompt: PROMPT }, required: ['prompt'] },
		makes: 'lyrics',
	},
];
