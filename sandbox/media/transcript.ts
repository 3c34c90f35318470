/** A transcript in the shape of `stt_result` (see docs/atlas-cloud-api.md, Result). Times are in seconds. */
export interface Transcript {
	text: string;
	language: string;
	duration: number;
	words: Array<{ text: string; start: number; end: number; type: 'word' }>;
}

const SENTENCE: Record<string, string> = {
	en: 'This is what the sandbox heard',
	de: 'Das hat die Sandbox gehört',
	tr: 'Sandbox bunu duydu',
};

/** The sandbox hears the same sentence in every recording; its words share the time. */
export function makeTranscript(seconds: number, language: string): Transcript {
	const text = SENTENCE[language] ?? SENTENCE['en'] ?? '';
	const words = text.split(' ');
	const step = seconds / words.length;
	return {
		text: `${text}.`,
		language,
		duration: roundMs(seconds),
		words: words.map((word, index) => ({
			text: word,
			start: roundMs(index * step),
			end: roundMs((index + 1) * step),
			type: 'word',
		})),
	};
}

function roundMs(seconds: number): number {
	return Math.round(seconds * 1000) / 1000;
}
