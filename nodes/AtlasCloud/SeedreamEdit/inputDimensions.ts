import { inputError, truncate } from '../api/errors';
import { WEB_PAGE, checkInputKind } from '../api/files/kinds';
import { imageSize } from '../api/files/imageSize';
import type { Dimensions } from '../api/models/sizes';
import { bytesOfDataUri, type InputImage } from '../items/inputImages';
import type { NodeRun } from '../nodeRun';
import { dimensionsOf } from '../n8n/binary';

/**
 * The dimensions of an input image, for Match Input Image.
 * @throws AtlasError (`input`) where they cannot be read; CancelledError
 */
export async function inputDimensions(run: NodeRun, image: InputImage): Promise<Dimensions> {
	const dimensions = await readDimensions(run, image);
	if (dimensions) return dimensions;
	throw inputError(
		'Match Input Image can’t read the size of the first image',
		'Choose a size from the list instead.',
	);
}

async function readDimensions(run: NodeRun, image: InputImage): Promise<Dimensions | null> {
	if (image.inspected) return await dimensionsOf(run.context.helpers, image.inspected);
	if (/^data:/i.test(image.url)) return imageSize(bytesOfDataUri(image.url));
	return await dimensionsAt(run, image.url);
}

async function dimensionsAt(run: NodeRun, url: string): Promise<Dimensions | null> {
	const howTo = 'Open the URL in a private browser window: you should see only the image.';
	const found = await run.remoteImages.inspect(url);
	if (!found) {
		const why = /^http:/i.test(url) ? 'Match Input Image only works with https URLs. ' : '';
		throw inputError(
			`Couldn’t load the image at ${truncate(url)}`,
			`${why}${howTo} Or choose a size from the list instead of Match Input Image.`,
		);
	}
	if (found.kind === WEB_PAGE) {
		throw inputError(
			'This URL opens a web page, not an image',
			`Use the direct link to the image instead of ${truncate(url)}. ${howTo}`,
		);
	}
	checkInputKind(`The file at ${truncate(url)}`, found.kind);
	return found.dimensions;
}
