import type { INodeProperties } from 'n8n-workflow';
import { inputError } from '../api/errors';
import { downloadAdvice } from '../api/files/inputUrl';
import { BMP, GIF, JPEG, PNG, TIFF, WEB_PAGE, WEBP } from '../api/files/kinds';
import { MAX_SEQUENTIAL_IMAGES } from '../api/models/seedream';
import type { Dimensions } from '../api/models/sizes';
import { truncate } from '../api/text';
import { describeChoices } from '../items/fileErrors';
import { acceptedKind, fileReader, readFiles, type FileField, type InputSource } from '../items/inputFiles';
import { dimensionsOf } from '../n8n/itemFile';
import type { NodeRun } from '../nodeRun';

/** How several images are given. */
export const SEVERAL =
	'Separate several with commas or lines. If an item has only one image, "data" finds it, whatever the field is called.';

export const imagesField: INodeProperties = {
	displayName: 'Images',
	name: 'images',
	type: 'string',
	default: 'data',
	required: true,
	placeholder: 'e.g. data',
	builderHint: {
		propertyHint:
			'The name of the input field with the image ("data" after most nodes), or an expression that returns image URLs. Separate several with commas; * means all images of the item.',
	},
	hint: 'The name of a file field, * for all images of the item, or image URLs',
	description: `Names of the input fields that contain images, image URLs, or data URIs. ${SEVERAL} All images of an item are used in the same edit.`,
};

export const imageCountField: INodeProperties = {
	displayName: 'Number of Images',
	name: 'numberOfImages',
	type: 'number',
	typeOptions: { minValue: 1, maxValue: MAX_SEQUENTIAL_IMAGES, numberPrecision: 0 },
	default: 1,
	builderHint: {
		propertyHint: 'Variants of each edit. Keep 1 unless the user asks for several: each is billed.',
	},
	description:
		'How many edited images to make for each item: up to 4, or up to 15 with a Sequential model. Each is billed.',
};

/** The field, as far as it accepts files (docs/atlas-cloud-api.md, The Seedream models). */
const IMAGES: FileField = {
	title: imagesField.displayName,
	rule: {
		kind: 'image',
		isList: true,
		objectKey: null,
		kindKey: null,
		accept: [JPEG, PNG, WEBP, GIF, BMP, TIFF].map(({ mimeType }) => mimeType),
		maxSizeMb: null,
	},
	refuses: 'Seedream can’t edit',
	accepts: 'Seedream accepts JPEG, PNG, WebP, GIF, BMP, and TIFF.',
};

/** The images of an item, in the order given. Sends nothing. @throws AtlasError (`input`) */
export async function readImages(
	run: NodeRun,
	itemIndex: number,
	{ takesUrls = true } = {},
): Promise<InputSource[]> {
	const reader = fileReader(run, itemIndex, { ...IMAGES, takesUrls });
	const images = await readFiles(reader, run.context.getNodeParameter(imagesField.name, itemIndex, 'data'));
	if (images.length > 0) return images;
	throw inputError(`'${IMAGES.title}' is empty`, describeChoices(reader));
}

/**
 * The dimensions of an input image, for Match Input Image.
 * @throws AtlasError (`input`) where they cannot be read; CancelledError
 */
export async function inputDimensions(run: NodeRun, image: InputSource): Promise<Dimensions> {
	const dimensions = image.file
		? await dimensionsOf(image.file, run.signal)
		: await dimensionsAt(run, image.url);
	if (dimensions) return dimensions;
	throw inputError(
		'The width and height of the first image can’t be read',
		'The file may be damaged. Open it in an image editor, and save it again as JPEG or PNG.',
	);
}

async function dimensionsAt(run: NodeRun, url: string): Promise<Dimensions | null> {
	const found = await run.remoteImages.inspect(url);
	if (!found) {
		const why = /^http:/i.test(url) ? 'Match Input Image only works with https URLs. ' : '';
		throw inputError(
			`Couldn’t load the image at ${truncate(url)}`,
			`${why}Open the URL in a private browser window: if you don’t see the image there, correct the URL. If you do: ${downloadAdvice(run.ledger.scope.isTool)}`,
		);
	}
	if (found.kind === WEB_PAGE) {
		throw inputError(
			'This URL opens a web page, not an image',
			`Use the direct link to the image instead of ${truncate(url)}. Open it in a private browser window: you should see only the image.`,
		);
	}
	acceptedKind(IMAGES, `The file at ${truncate(url)}`, found);
	return found.dimensions;
}
