import { NodeHelpers, type INodeParameters, type INodeProperties, type INodeType } from 'n8n-workflow';

/** A node's panel, as n8n shows it. */
export function panelOf({ description }: INodeType) {
	const node = { typeVersion: 1 };
	/** The parameters with all defaults, as n8n holds them while the panel is open. */
	const complete = (parameters: INodeParameters): INodeParameters =>
		NodeHelpers.getNodeParameters(description.properties, parameters, true, false, node, description) ?? {};
	const shows = (parameters: INodeParameters, property: INodeProperties) =>
		NodeHelpers.displayParameter(parameters, property, node, description);
	const visible = (parameters: INodeParameters): INodeProperties[] => {
		const values = complete(parameters);
		return description.properties.filter((property) => shows(values, property));
	};
	return { description, complete, shows, visible };
}
