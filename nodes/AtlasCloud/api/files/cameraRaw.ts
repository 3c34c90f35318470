import { TAGS, tiffTags } from './tiff';

/** Compressions that only cameras write: as the sensor's values, or their maker's own. */
const RAW_COMPRESSIONS = [32_767, 32_769, 32_770, 34_713, 65_535];

/**
 * The format of a photo as the camera's sensor took it, such as `DNG`, or `raw`; null for anything else. Most are TIFFs with a small
 * preview in front: Seedream would edit that one.
 * @param bytes the beginning of the file
 */
export function cameraRaw(bytes: Uint8Array): string | null {
	const text = Buffer.from(bytes.subarray(0, 16)).toString('latin1');
	if (text.startsWith('FUJIFILMCCD-RAW')) return 'RAF';
	if (/^(?:II(?:RO|RS)|MMOR)/.test(text)) return 'ORF';
	if (text.startsWith('IIU\0')) return 'RW2';
	if (text.slice(4, 11) === 'ftypcrx') return 'CR3';
	if (!/^(?:II\*\0|MM\0\*)/.test(text)) return null;
	if (text.slice(8, 10) === 'CR') return 'CR2';
	const tags = tiffTags(bytes);
	if (!tags) return null;
	if (tags.has(TAGS.dngVersion)) return 'DNG';
	const make = tags.get(TAGS.make);
	const isPreview = (Number(tags.get(TAGS.newSubfileType) ?? 0) & 1) === 1;
	const isRaw =
		isPreview || tags.has(TAGS.subIfds) || RAW_COMPRESSIONS.includes(Number(tags.get(TAGS.compression)));
	if (typeof make !== 'string' || !isRaw) return null;
	if (/^nikon/i.test(make)) return 'NEF';
	return /^sony/i.test(make) ? 'ARW' : 'raw';
}
