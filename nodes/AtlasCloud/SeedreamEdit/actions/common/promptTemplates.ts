/** A text that the user fills in. */
export interface TemplateField {
	/** The parameter's name; saved in workflows. */
	name: string;
	displayName: string;
	placeholder: string;
}

export interface PromptTemplate {
	/** Saved in workflows. */
	value: string;
	name: string;
	/** What is sent; `{templateX}` is replaced by the field of that name. */
	sentence: string;
	fields: TemplateField[];
}

/** Tasks that Seedream is good at, sorted by name. */
export const PROMPT_TEMPLATES: PromptTemplate[] = [
	{
		value: 'addText',
		name: 'Add Text',
		sentence:
			'Write “{templateText}” in the picture: {templatePlacement}. Spell it exactly so, make it sharp and easy to read, and leave everything else as it is.',
		fields: [
			{ name: 'templateText', displayName: 'Text', placeholder: 'e.g. Summer Sale' },
			{
				name: 'templatePlacement',
				displayName: 'Placement and Look',
				placeholder: 'e.g. at the top, centred, in bold white letters',
			},
		],
	},
	{
		value: 'combine',
		name: 'Combine References',
		sentence:
			'Take the first picture as the base and use the other pictures as references: {templateCombination}. Keep faces and products recognizable, and let light, scale and perspective fit together as in one photo.',
		fields: [
			{
				name: 'templateCombination',
				displayName: 'What to Combine',
				placeholder: 'e.g. the person wears the jacket of picture 2 and stands in the room of picture 3',
			},
		],
	},
	{
		value: 'lettering',
		name: 'Creative Lettering',
		sentence:
			'Redraw all lettering in this picture as {templateLettering}. Keep every word, its place and its reading order, and keep it easy to read.',
		fields: [
			{
				name: 'templateLettering',
				displayName: 'Lettering Style',
				placeholder: 'e.g. hand-painted brush script with gold edges',
			},
		],
	},
	{
		value: 'enhance',
		name: 'Lossless Enhancement',
		sentence:
			'Improve the clarity of this picture and change nothing in it. Keep real textures, skin, grain, colors and light as they are, smooth nothing away, and add nothing that is not there.',
		fields: [],
	},
	{
		value: 'perspective',
		name: 'Perspective and Composition',
		sentence:
			'Show the same scene from another viewpoint: {templateView}, framed as {templateFraming}. Keep all objects, materials and the light, and complete naturally what comes into view.',
		fields: [
			{ name: 'templateView', displayName: 'Camera View', placeholder: 'e.g. a bird’s-eye view' },
			{ name: 'templateFraming', displayName: 'Framing', placeholder: 'e.g. a medium shot' },
		],
	},
	{
		value: 'productScene',
		name: 'Product on a Scene',
		sentence:
			'Place {templateProduct} in this scene: {templateScene}. Keep its shape, colors, logo and label exactly, and give it a natural size, shadow and reflection, as in an advertising photo.',
		fields: [
			{ name: 'templateProduct', displayName: 'Product', placeholder: 'e.g. the perfume bottle' },
			{
				name: 'templateScene',
				displayName: 'Scene',
				placeholder: 'e.g. a marble table by a window in morning light',
			},
		],
	},
	{
		value: 'removeBackground',
		name: 'Remove Background',
		sentence:
			'Replace the background with plain pure white. Keep the main subject exactly as it is, with clean edges down to fine hair and fabric, and without a shadow.',
		fields: [],
	},
	{
		value: 'replaceBackground',
		name: 'Replace Background',
		sentence:
			'Replace the background with {templateBackground}. Keep the main subject exactly as it is, in its place, and match light and shadows to the new surroundings.',
		fields: [
			{ name: 'templateBackground', displayName: 'New Background', placeholder: 'e.g. a sunny beach' },
		],
	},
	{
		value: 'replaceText',
		name: 'Replace Text',
		sentence:
			'Write “{templateNewText}” where the picture now says “{templateOldText}”. Keep the place, size, color and style of the lettering, and leave everything else as it is.',
		fields: [
			{ name: 'templateOldText', displayName: 'Text to Replace', placeholder: 'e.g. Summer Sale' },
			{ name: 'templateNewText', displayName: 'New Text', placeholder: 'e.g. Winter Sale' },
		],
	},
	{
		value: 'restyle',
		name: 'Restyle',
		sentence:
			'Redraw this picture as {templateStyle}. Keep what it shows and how it is composed, and keep people recognizable.',
		fields: [
			{
				name: 'templateStyle',
				displayName: 'Style',
				placeholder: 'e.g. a watercolour painting with soft edges',
			},
		],
	},
	{
		value: 'sketchToReal',
		name: 'Sketch to Real Object',
		sentence:
			'Make this sketch real: show it as a photo of {templateObject}. Follow the lines and proportions of the sketch, and give it true materials, depth and light.',
		fields: [
			{
				name: 'templateObject',
				displayName: 'Object',
				placeholder: 'e.g. a television set of the 1950s in a wooden cabinet',
			},
		],
	},
	{
		value: 'whiteboard',
		name: 'Whiteboard Formulas',
		sentence:
			'Show a clean whiteboard with these formulas in neat marker handwriting: {templateFormulas}. Copy every sign exactly, one formula a line, evenly spaced, in dark blue or black.',
		fields: [
			{
				name: 'templateFormulas',
				displayName: 'Formulas',
				placeholder: 'e.g. E = mc², a² + b² = c²',
			},
		],
	},
];
