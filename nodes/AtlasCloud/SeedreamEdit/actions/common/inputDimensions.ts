import { inputError, truncate } from '../../../api/errors';
import { WEB_PAGE } from '../../../api/files/fileKind';
import { imageSize } from '../../../api/files/imageSize';
import { checkInputKind } from '../../../api/files/inputKind';
import type { Dimensions } from '../../../api/models/sizes';
import { bytesOfDataUri, type InputImage } from '../../../shared/inputImages';
import type { NodeRun } from '../../../shared/nodeRun';
import { dimensionsOf } from '../../../shared/transport/n8nBinary';

/**
 * The dimensions of an input image, for Match Input Image.
 * @throws AtlasError (`input`) where they cannot be read; CancelledError
 */
export async function inputDimensions(run: NodeRun, image: InputImage): Promise<Dimensions> {
	const dimensions = await readDimensions(run, image);
	if (dimensions) return dimensions;
	throw inputError(
		'The shape of the first picture cannot be read, so Match Input Image cannot follow it',
		'Choose a size from the list instead. Without one Seedream makes a square, and that would be paid for.',
	);
}

async function readDimensions(run: NodeRun, image: InputImage): Promise<Dimensions | null> {
	if (image.inspected) return await dimensionsOf(run.context.helpers, image.inspected);
	if (/^data:/i.test(image.url)) return imageSize(bytesOfDataUri(image.url));
	return await dimensionsAt(run, image.url);
}

async function dimensionsAt(run: NodeRun, url: string): Promise<Dimensions | null> {
	const howTo =
		'Check the link in a private browser window: it has to show the picture itself. Or choose a size from the list instead of Match Input Image.';
	const found = await run.remoteImages.inspect(url);
	if (!found) {
		const why = /^http:/i.test(url) ? 'Match Input Image looks at https links only. ' : '';
		throw inputError(`"${truncate(url)}" could not be looked at`, why + howTo);
	}
	if (found.kind === WEB_PAGE) {
		throw inputError('This link opens a page, not a picture', `${truncate(url)} — ${howTo}`);
	}
	checkInputKind(`The link "${truncate(url)}"`, found.kind);
	return found.dimensions;
}
