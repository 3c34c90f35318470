import { asObject, asString, type JsonObject } from '../json';

/** Width and height in pixels. */
export interface Dimensions {
	width: number;
	height: number;
}

/** A size as Atlas expects it: `W*H`. */
export function sizeText({ width, height }: Dimensions): string {
	return `${width}*${height}`;
}

/** A size as people read it. */
export function describeSize({ width, height }: Dimensions): string {
	return `${width} × ${height}`;
}

/** Parses `W*H`, `WxH`, or `W×H`; null for anything else. */
export function parseSize(text: string): Dimensions | null {
	const match = /^\s*(\d{1,5})\s*[*x×]\s*(\d{1,5})\s*$/i.exec(text);
	if (!match) return null;
	const [width, height] = [Number(match[1]), Number(match[2])];
	return width > 0 && height > 0 ? { width, height } : null;
}

/** The shapes that have a name. */
const SHAPES = [
	...['Square 1:1', 'Landscape 5:4', 'Portrait 4:5', 'Landscape 4:3', 'Portrait 3:4', 'Landscape 3:2'],
	...['Portrait 2:3', 'Widescreen 16:9', 'Story 9:16', 'Wide 2:1', 'Tall 1:2', 'Cinema 21:9'],
	...['Tall 9:21', 'Banner 3:1', 'Tall 1:3'],
].map((name) => {
	const [width, height] = name.split(' ')[1].split(':').map(Number);
	return { name, ratio: width / height };
});

/** `Widescreen 16:9`; sides are rounded, so that 2848 × 1600 counts as one. */
export function shapeName(ratio: number): string {
	const distance = (shape: (typeof SHAPES)[number]) => Math.abs(Math.log(shape.ratio / ratio));
	const nearest = SHAPES.reduce((a, b) => (distance(b) < distance(a) ? b : a));
	if (distance(nearest) < 0.02) return nearest.name;
	const text = (value: number) => Number(value.toFixed(2));
	return ratio > 1 ? `Landscape ${text(ratio)}:1` : `Portrait 1:${text(1 / ratio)}`;
}

/** `2K`, `1.5K`: by the side of a square with as many pixels. */
export function tierName(pixels: number): string {
	return `${Math.round((Math.sqrt(pixels) / 1024) * 2) / 2}K`;
}

/** The names under which models take a size, a shape, and a width and height; compared without `_` and case. */
const SIZE_NAMES = ['size', 'imagesize', 'outputsize', 'resolution', 'imageresolution', 'outputresolution'];
const RATIO_NAMES = ['aspectratio', 'ratio', 'imageratio', 'imageaspectratio', 'outputaspectratio'];

export type SizeRole = 'size' | 'ratio' | 'width' | 'height';

/** What a field of a model says of the size; null for any other field. */
export function sizeRoleOf(name: string): SizeRole | null {
	const plain = name.toLowerCase().replaceAll(/[_-]/g, '');
	if (SIZE_NAMES.includes(plain)) return 'size';
	if (RATIO_NAMES.includes(plain)) return 'ratio';
	return plain === 'width' || plain === 'height' ? plain : null;
}

/** The size in a request, as the output says it: `2848*1600`, `2K 16:9`; null where it has none. */
export function sentSize(body: JsonObject): string | null {
	const valueOf = (role: SizeRole) => {
		const name = Object.keys(body).find((one) => sizeRoleOf(one) === role);
		return name === undefined ? null : sizeName(body[name]);
	};
	const [width, height] = [valueOf('width'), valueOf('height')];
	const sides = width !== null && height !== null ? `${width}*${height}` : null;
	const parts = [valueOf('size') ?? sides, valueOf('ratio')].filter((part) => part !== null);
	return parts.length > 0 ? parts.join(' ') : null;
}

function sizeName(value: unknown): string | null {
	if (typeof value === 'number') return String(value);
	const { width, height } = asObject(value) ?? {};
	if (width === undefined || height === undefined) return asString(value);
	return `${String(width)}*${String(height)}`;
}
