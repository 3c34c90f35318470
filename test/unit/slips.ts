/** Wordings that no text a person reads may have, each with what to write instead. */
const SLIPS: Array<[RegExp, string]> = [
	// One word for one thing
	[/\bpictures?\b/i, 'image'],
	[/\bbinary fields?\b/i, 'file, or input field'],
	[/\bnode before\b/i, 'previous node'],
	[/\b(hand|hands|handed|handing)( \w+)? on\b/i, 'return'],
	[/\bput(s|ting)? out\b/i, 'return'],
	[/\bbr(ing|ings|ought|inging)\b/i, 'return'],
	[/\btell(s|ing)?\b|\btold\b/i, 'show, or include'],
	[/\bstill going\b/i, 'still running'],
	[/\b(did not|didn[’']t|does not|doesn[’']t|do not|don[’']t) take\b/i, 'doesn’t accept'],
	[/\b(pay|pays|paid|paying)( \w+)? for\b/i, 'billed'],
	[/\b(pay|paid|paying) (again|twice)\b/i, 'billed again'],
	[/\b(buy|buys|buying|bought)\b/i, 'submit, or billed'],
	[/\b(earlier|first|second|last|other|each|every|per|later|new) (try|tries)\b/i, 'attempt'],
	[/\bhow (an?|the) \w+ stands\b/i, 'the status of'],
	// Idiom
	[/(^|[.;:,!?)] )where (?!to\b)/i, 'if'],
	[/\bone (a|each) line\b/i, 'one per line'],
	[/\bfrom \d+ on\b/i, '1 or higher'],
	[/\bno model[’']s ID\b/i, 'not a valid model ID'],
	[/\b(has|have) to (be|have)\b/i, 'must be'],
	[/\bfor instance\b/i, 'for example'],
	[/\b(could not|cannot|can not)\b/i, 'couldn’t, can’t'],
	[/\bswitch(es|ed)?( \w+){0,3} (on|off)\b/i, 'turn on, or turn off'],
	[/\bdo best\b/i, 'work best'],
	[/\bin its time\b/i, 'in time'],
	// Spelling
	[
		/\b\w*(colour|favour|flavour|behaviour|neighbour|honour)\w*\b|\b(centre|metre|litre|theatre|catalogue|dialogue|licence|programme|grey|whilst|artefact)(s|d|ed)?\b/i,
		'the American spelling',
	],
	[
		/\b(recogn|organ|real|emphas|summar|util|optim|minim|maxim|initial|final|custom|normal|author)(ise|ised|ises|ising|isation)\b/i,
		'the American spelling: -ize',
	],
	[/\b(cancell(ed|ing)|modell(ed|ing)|labell(ed|ing)|travell(ed|ing))\b/i, 'the American spelling: one l'],
	[/\b(prediction )?ids?\b|\bIds?\b/, 'ID'],
	[/\burls?\b|\bUrls?\b/, 'URL'],
	[/\b(Json|json) (object|array)\b/, 'JSON'],
	[/\bN8N\b(?!_)|\bN8n\b/, 'n8n'],
	[/\b(atlas cloud|Atlas cloud|AtlasCloud)\b/, 'Atlas Cloud'],
	[/\bAtlas[’']s\b|\bAtlas(?! Cloud)\b/, 'Atlas Cloud'],
	// Form
	[/\S {2,}\S/, 'a single space'],
	[/^\s|\s$/, 'no space at the ends'],
	[/ [.,;!?](\s|$)/, 'no space before punctuation'],
	[
		/(?<![\d.,])1 (images|edits|predictions|items|seconds|minutes|hours|days|files|results|quotes|models|fields|URLs|uploads|attempts)\b/,
		'the singular after 1',
	],
	[/\b(undefined|NaN|\[object Object\])/, 'a value'],
	[/\b(a) [aeio]\w+\b(?<!\ba (one|once)\b)/i, 'an'],
];

/** What is wrong with a text, each with what to write instead; empty if nothing is. */
export function slipsIn(text: string): string[] {
	return SLIPS.flatMap(([pattern, instead]) => {
		const found = pattern.exec(text)?.[0].trim();
		return found === undefined ? [] : [`"${found}" in "${text}": write ${instead}`];
	});
}
