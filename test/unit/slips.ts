/** A wording that no text a person reads may have. */
interface Slip {
	pattern: RegExp;
	/** What to write instead. */
	instead: string;
}

const slip = (pattern: RegExp, instead: string): Slip => ({ pattern, instead });

/** Checked against every text of the panel and the credential, and every message. */
const SLIPS: Slip[] = [
	// One word for one thing
	slip(/\bpictures?\b/i, 'image'),
	slip(/\bbinary fields?\b/i, 'file, or input field'),
	slip(/\bnode before\b/i, 'previous node'),
	slip(/\b(hand|hands|handed|handing)( \w+)? on\b/i, 'return'),
	slip(/\bput(s|ting)? out\b/i, 'return'),
	slip(/\bbr(ing|ings|ought|inging)\b/i, 'return'),
	slip(/\btell(s|ing)?\b|\btold\b/i, 'show, or include'),
	slip(/\bstill going\b/i, 'still running'),
	slip(/\b(did not|didn[’']t|does not|doesn[’']t|do not|don[’']t) take\b/i, 'doesn’t accept'),
	slip(/\b(pay|pays|paid|paying)( \w+)? for\b/i, 'billed'),
	slip(/\b(pay|paid|paying) (again|twice)\b/i, 'billed again'),
	slip(/\b(buy|buys|buying|bought)\b/i, 'submit, or billed'),
	slip(/\b(earlier|first|second|last|other|each|every|per|later|new) (try|tries)\b/i, 'attempt'),
	slip(/\bhow (an?|the) \w+ stands\b/i, 'the status of'),
	// Idiom
	slip(/(^|[.;:,!?)] )where (?!to\b)/i, 'if'),
	slip(/\bone (a|each) line\b/i, 'one per line'),
	slip(/\bfrom \d+ on\b/i, '1 or higher'),
	slip(/\bno model[’']s ID\b/i, 'not a valid model ID'),
	slip(/\b(has|have) to (be|have)\b/i, 'must be'),
	slip(/\bfor instance\b/i, 'for example'),
	slip(/\b(could not|cannot|can not)\b/i, 'couldn’t, can’t'),
	slip(/\bswitch(es|ed)?( \w+){0,3} (on|off)\b/i, 'turn on, or turn off'),
	slip(/\bdo best\b/i, 'work best'),
	slip(/\bin its time\b/i, 'in time'),
	// Spelling
	slip(
		/\b\w*(colour|favour|flavour|behaviour|neighbour|honour)\w*\b|\b(centre|metre|litre|theatre|catalogue|dialogue|licence|programme|grey|whilst|artefact)(s|d|ed)?\b/i,
		'the American spelling',
	),
	slip(
		/\b(recogn|organ|real|emphas|summar|util|optim|minim|maxim|initial|final|custom|normal|author)(ise|ised|ises|ising|isation)\b/i,
		'the American spelling: -ize',
	),
	slip(
		/\b(cancell(ed|ing)|modell(ed|ing)|labell(ed|ing)|travell(ed|ing))\b/i,
		'the American spelling: one l',
	),
	slip(/\b(prediction )?ids?\b|\bIds?\b/, 'ID'),
	slip(/\burls?\b|\bUrls?\b/, 'URL'),
	slip(/\b(Json|json) (object|array)\b/, 'JSON'),
	slip(/\bN8N\b(?!_)|\bN8n\b/, 'n8n'),
	slip(/\b(atlas cloud|Atlas cloud|AtlasCloud)\b/, 'Atlas Cloud'),
	slip(/\bAtlas[’']s\b|\bAtlas(?! Cloud)\b/, 'Atlas Cloud'),
	// Form
	slip(/\S {2,}\S/, 'a single space'),
	slip(/^\s|\s$/, 'no space at the ends'),
	slip(/ [.,;!?](\s|$)/, 'no space before punctuation'),
	slip(
		/(?<![\d.,])1 (images|edits|predictions|items|seconds|minutes|hours|days|files|results|quotes|models|fields|URLs|uploads|attempts)\b/,
		'the singular after 1',
	),
	slip(/\b(undefined|NaN|\[object Object\])/, 'a value'),
	slip(/\b(a) [aeio]\w+\b(?<!\ba (one|once)\b)/i, 'an'),
];

/** What is wrong with a text, each with what to write instead; empty if nothing is. */
export function slipsIn(text: string): string[] {
	return SLIPS.flatMap(({ pattern, instead }) => {
		const found = pattern.exec(text)?.[0].trim();
		return found === undefined ? [] : [`"${found}" in "${text}": write ${instead}`];
	});
}

/** The keys of a description whose texts a person reads. */
const READ_BY_PEOPLE = new Set([
	'displayName',
	'description',
	'placeholder',
	'hint',
	'action',
	'message',
	'errorMessage',
	'noFieldsError',
	'singular',
	'plural',
]);

/** Every text of a node's or a credential's description that a person reads, with the names of options. */
export function textsOf(value: unknown): string[] {
	if (Array.isArray(value)) return value.flatMap(textsOf);
	if (typeof value !== 'object' || value === null) return [];
	const isOption = 'value' in value && 'name' in value;
	return Object.entries(value).flatMap(([key, inner]) => {
		if (typeof inner !== 'string') return textsOf(inner);
		return READ_BY_PEOPLE.has(key) || (isOption && key === 'name') ? [inner] : [];
	});
}
