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
	/** What it is for, shown under its name in the list. */
	description: string;
	/** What is sent; `{templateX}` is replaced by the field of that name. */
	sentence: string;
	fields: TemplateField[];
	/** How many images it speaks of, where it is more than one. */
	minImages?: number;
	/** Whether there is something to do only in a size of another shape. */
	changesShape?: boolean;
	/** In place of the sentence, for a model that can make the background transparent. */
	cutOut?: string;
}

/**
 * @param about the name, and what it is for
 * @param text the sentence, with its fields as `{name|display name|example}`
 */
function template(
	value: string,
	about: string,
	text: string,
	more: Pick<PromptTemplate, 'minImages' | 'changesShape' | 'cutOut'> = {},
): PromptTemplate {
	const [name, ...description] = about.split(': ');
	const fields = [...text.matchAll(/\{(\w+)\|([^|]+)\|([^}]+)\}/g)];
	return {
		value,
		name,
		description: description.join(': '),
		sentence: text.replace(/\|[^}]+\}/g, '}'),
		fields: fields.map(([, fieldName, displayName, example]) => ({
			name: fieldName,
			displayName,
			placeholder: `e.g. ${example}`,
		})),
		...more,
	};
}

/** Tasks that Seedream is good at, most used first. */
export const PROMPT_TEMPLATES: PromptTemplate[] = [
	template(
		'removeBackground',
		'Remove Background: Cut out the subject: on a transparent background where the model has it (v5.0 Pro, v5.5), else on pure white',
		'Replace the background with pure white. Keep the main subject exactly as it is, with clean edges around hair and fabric, and no shadow.',
		{
			cutOut:
				'Remove the background. Keep the main subject exactly as it is, with clean edges around hair and fabric, and no shadow.',
		},
	),
	template(
		'replaceBackground',
		'Replace Background: Put the subject in front of something new',
		'Replace the background with {templateBackground|New Background|a sunny beach}. Keep the main subject exactly as it is and where it is, and match its lighting and shadows to the new surroundings.',
	),
	template(
		'productScene',
		'Product in a Scene: Place a product in a new setting, like an ad photo',
		'Place {templateProduct|Product|the perfume bottle} in this scene: {templateScene|Scene|a marble table by a window in morning light}. Keep its shape, colors, logo and label exactly as they are, and give it a natural size, shadow and reflection, as in a professional product photo.',
	),
	template(
		'removeObject',
		'Remove Object: Take something out of the image',
		'Remove {templateObjectToRemove|What to Remove|the people in the background} from the image. Fill the area so that it matches its surroundings and nothing shows that something was there, and leave everything else unchanged.',
	),
	template(
		'enhance',
		'Enhance Quality: Make a blurry or noisy image clearer without changing it',
		'Make this image clearer without changing its content. Keep real textures, skin, grain, colors and lighting, do not smooth details away, and do not add anything new.',
	),
	template(
		'restyle',
		'Restyle: Turn the image into a painting, a drawing, a 3D render, and so on',
		'Redraw this image as {templateStyle|Style|a watercolor painting with soft edges}. Keep the subject and composition, and keep people recognizable.',
	),
	template(
		'matchStyle',
		'Match a Reference Style: Give image 1 the look of image 2. Needs two images.',
		'Redraw image 1 in the style of image 2. Take over its colors, lighting, texture and mood, but none of its content. Keep the subject, composition and text of image 1 exactly, and keep people recognizable.',
		{ minImages: 2 },
	),
	template(
		'tryOn',
		'Virtual Try-On: Dress the person in image 1 in clothing from image 2. Needs two images.',
		'Dress the person in image 1 in {templateGarment|Clothing|the red jacket} from image 2. Let it fit the body with natural folds and shadows, keep its color, pattern and logo exactly, and leave the face, hair, pose and background of image 1 unchanged.',
		{ minImages: 2 },
	),
	template(
		'combine',
		'Combine Images: Merge several images into one. Needs at least two images.',
		'Use the first image as the base and the other images as references: {templateCombination|What to Combine|the person from image 1 wearing the jacket from image 2}. Keep faces and products recognizable, and match lighting, scale and perspective so that it looks like a single photo.',
		{ minImages: 2 },
	),
	template(
		'addText',
		'Add Text: Write words into the image',
		'Add the text “{templateText|Text|Summer Sale}” to the image, {templatePlacement|Placement and Look|at the top, centered, in bold white letters}. Spell it exactly as given, keep it sharp and easy to read, and leave everything else unchanged.',
	),
	template(
		'replaceText',
		'Replace Text: Change words that are already in the image',
		'Change the text “{templateOldText|Current Text|Summer Sale}” to “{templateNewText|New Text|Winter Sale}”. Keep the position, size, color and style of the lettering, and leave everything else unchanged.',
	),
	template(
		'changeColor',
		'Change Color: Give something in the image another color',
		'Change the color of {templateColorTarget|What to Recolor|the sofa} to {templateColor|New Color|forest green}. Keep its shape, material, highlights and shadows, and leave everything else unchanged.',
	),
	template(
		'extendImage',
		'Extend the Image: Show more of the scene around the image. Size must be wider or taller.',
		'Extend the image beyond its edges: {templateExtension|What to Add|more sand and sea on the left and right}. Continue the scene seamlessly, with the same perspective, lighting and style, and leave the original part unchanged.',
		{ changesShape: true },
	),
	template(
		'perspective',
		'Change Camera Angle: Show the same scene from another viewpoint',
		'Show the same scene from another viewpoint: {templateView|Camera View|a bird’s-eye view}, framed as {templateFraming|Framing|a medium shot}. Keep all objects, materials and lighting, and fill in newly visible areas naturally.',
	),
	template(
		'sketchToReal',
		'Sketch to Photo: Turn a drawing into a realistic photo',
		'Turn this sketch into a realistic photo of {templateObject|Object|a 1950s television in a wooden cabinet}. Follow its lines and proportions, and add realistic materials, depth and lighting.',
	),
	template(
		'lettering',
		'Restyle Lettering: Redraw the words in the image in another style',
		'Redraw all lettering in this image as {templateLettering|Lettering Style|hand-painted brush script with gold edges}. Keep every word, its position and the reading order, and keep it easy to read.',
	),
	template(
		'whiteboard',
		'Whiteboard Formulas: Write formulas on the whiteboard in the image',
		'Write these formulas on the whiteboard in this image, in neat marker handwriting: {templateFormulas|Formulas|E = mc², a² + b² = c²}. Copy every symbol exactly, one formula per line, evenly spaced, in dark blue or black, and leave everything around the whiteboard unchanged.',
	),
];
