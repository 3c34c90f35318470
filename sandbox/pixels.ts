import sharp, { type Sharp } from 'sharp';

/** Pixels between two steps: three channels, no alpha. */
export interface Pixels {
	data: Buffer;
	width: number;
	height: number;
}

// Several sandboxes and their tests share one machine: few threads, and nothing kept after a picture is made.
sharp.concurrency(1);
sharp.cache(false);

export function openPixels({ data, width, height }: Pixels): Sharp {
	return sharp(data, { raw: { width, height, channels: 3 } });
}

export async function pixelsOf(picture: Sharp): Promise<Pixels> {
	const { data, info } = await picture
		.toColorspace('srgb')
		.removeAlpha()
		.raw()
		.toBuffer({ resolveWithObject: true });
	if (info.channels !== 3) throw new Error(`three channels expected, got ${info.channels}`);
	return { data, width: info.width, height: info.height };
}
