import type { ModelField } from './inputSchema';
import { MAX_INPUT_IMAGES } from './models';
import type { ListPrice } from './prices';
import { parseSize, type SizeRule } from './sizes';

/** What an image model accepts. */
export interface ModelRules {
	sizes: SizeRule;
	maxInputImages: number;
	/** The list price, if it is known. */
	price?: ListPrice | null;
}

/**
 * The rules in a model's fields.
 * @param fields null where they are not known: any size is then allowed, and Atlas checks the request itself
 */
export function rulesInFields(fields: ModelField[] | null): ModelRules {
	const field = (name: string) => fields?.find((one) => one.name === name);
	return {
		sizes: sizeRuleOf(field('size')),
		maxInputImages: field('images')?.maxItems ?? MAX_INPUT_IMAGES,
	};
}

function sizeRuleOf(size: ModelField | undefined): SizeRule {
	const values = size?.enumValues ?? [];
	const sizes = values.flatMap((text) => (typeof text === 'string' && parseSize(text)) || []);
	if (sizes.length > 0) return { kind: 'list', sizes };
	const { minimum: minSide = null, maximum: maxSide = null } = size ?? {};
	const isRange = minSide !== null && maxSide !== null && minSide > 0 && maxSide >= minSide;
	return isRange ? { kind: 'range', minSide, maxSide } : { kind: 'free' };
}
