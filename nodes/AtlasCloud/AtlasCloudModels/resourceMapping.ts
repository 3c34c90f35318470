import type {
	FieldType,
	ILoadOptionsFunctions,
	ResourceMapperField,
	ResourceMapperFields,
	INodeListSearchResult,
} from 'n8n-workflow';
import type { ModelField } from '../api/models/inputSchema';
import { ModelInfos, readCatalog } from '../api/models/model';
import { connect } from '../n8n/connect';
import { searchIn, selectedModel } from '../panel/modelField';

/** What the panel says if it has no fields to show. */
export const NOTICES = {
	noCredential: 'Select a credential above to see the fields of the model.',
	noModel: 'Select a model to see its fields.',
	byExpression:
		"The model is set by an expression, so its fields aren’t known yet. Set 'Input Mode' to JSON to enter its inputs.",
	unreadable: "The fields of this model couldn’t be loaded. Set 'Input Mode' to JSON to enter its inputs.",
};

/** Fields of a schema that the node answers itself. */
const HIDDEN_FIELDS = ['enable_sync_mode', 'enable_base64_output'];

/** The fields of the selected model, for the Model Inputs of the panel. */
export async function getModelFields(this: ILoadOptionsFunctions): Promise<ResourceMapperFields> {
	const model = selectedModel(this) ?? '';
	if (model === '') return { fields: [], emptyFieldsNotice: NOTICES.noModel };
	if (model.startsWith('=')) return { fields: [], emptyFieldsNotice: NOTICES.byExpression };
	const connection = await connect(this).catch(() => null);
	if (!connection) return { fields: [], emptyFieldsNotice: NOTICES.noCredential };
	const { fields } = await new ModelInfos(connection.client).of(model);
	if (!fields) return { fields: [], emptyFieldsNotice: NOTICES.unreadable };
	const shown = fields.filter(({ name, isHidden }) => !isHidden && !HIDDEN_FIELDS.includes(name));
	const first = shown.filter(isFirst);
	const file = first.find(({ media, isRequired }) => media && isRequired);
	return {
		fields: [...first, ...shown.filter((field) => !isFirst(field))].map((field) =>
			// A schema's default of a file is a sample, and nobody's own.
			toMapperField(
				field.media ? { ...field, defaultValue: field === file ? INPUT_FIELD : undefined } : field,
			),
		),
	};
}

/** The name under which most nodes return a file. */
const INPUT_FIELD = 'data';

/** What nobody can do without. */
const isFirst = ({ name, isRequired }: ModelField) => isRequired || name === 'prompt';

/** `Duration (4–12)` */
function labelWithRange({ title, minimum, maximum, enumValues, media }: ModelField): string {
	if (minimum === null || maximum === null || enumValues || media) return title;
	// A seed may be any number that there is.
	return maximum - minimum >= 1_000_000 ? title : `${title} (${minimum}–${maximum})`;
}

function toMapperField(field: ModelField): ResourceMapperField {
	const { name, isRequired, enumValues } = field;
	// An object or a list is no default that the panel can show.
	const isShown =
		['number', 'boolean', 'string'].includes(typeof field.defaultValue) && field.defaultValue !== '';
	const defaultValue = isShown ? (field.defaultValue as ResourceMapperField['defaultValue']) : undefined;
	return {
		id: name,
		displayName: labelWithRange(field),
		// A required field with a default may stay empty: the default is then sent.
		required: isRequired && (defaultValue === undefined || field.media !== null),
		defaultMatch: false,
		canBeUsedToMatch: false,
		display: true,
		type: mapperType(field),
		...(enumValues ? { options: enumValues.map((value) => ({ name: String(value), value })) } : {}),
		...(defaultValue === undefined ? {} : { defaultValue }),
	};
}

function mapperType({ type, enumValues, media }: ModelField): FieldType {
	// URLs and names of files are typed as text, several of them with commas.
	if (media) return 'string';
	if (enumValues) return 'options';
	if (type === 'number' || type === 'integer') return 'number';
	// n8n checks arrays and objects apart; JSON typed as text may be either.
	return type === 'boolean' ? 'boolean' : 'string';
}

const MEDIA_TYPES = ['Image', 'Video', 'Audio'];

/**
 * Lists the catalog's models of the resource's type with their prices, filtered by name and ID.
 * @throws AtlasError (`read`) if the catalog cannot be read: the panel then offers By ID
 */
export async function searchModels(this: ILoadOptionsFunctions, filter = ''): Promise<INodeListSearchResult> {
	const resource = this.getCurrentNodeParameter('resource');
	const own = MEDIA_TYPES.filter((type) => type.toLowerCase() === resource);
	// Any other resource runs them all.
	const types = own.length > 0 ? own : MEDIA_TYPES;
	const { client } = await connect(this);
	const models = await readCatalog(client, 1);
	return searchIn(
		models.filter(({ isListed, type }) => isListed && type !== null && types.includes(type)),
		filter,
	);
}
