/** A file name without extension, made of a model's ID: `seedance-v1.5-pro-image-to-video`. */
export function stemOfModel(model: string): string {
	const segments = model.split('/');
	const name = segments.length > 1 ? segments.slice(1) : segments;
	return name
		.join('-')
		.replace(/[^\w.-]+/g, '-')
		.slice(0, 100);
}
