import { n8nCommunityNodesPlugin } from '@n8n/eslint-plugin-community-nodes';
import nodesBase from 'eslint-plugin-n8n-nodes-base';
import tseslint from 'typescript-eslint';

const off = (...rules) => Object.fromEntries(rules.map((rule) => [`n8n-nodes-base/${rule}`, 'off']));
const onlyFor = (files, configs) => [configs].flat().map((config) => ({ ...config, files }));

/** The rule sets of n8n's scanner for verified community packages, on what it looks at. */
const scanner = [
	...onlyFor(
		['package.json', 'nodes/**/*.ts', 'credentials/**/*.ts'],
		n8nCommunityNodesPlugin.configs.recommended,
	),
	{ plugins: { 'n8n-nodes-base': nodesBase } },
	{
		files: ['package.json'],
		rules: nodesBase.configs.community.rules,
		languageOptions: { parser: tseslint.parser },
	},
	{
		files: ['credentials/**/*.ts'],
		rules: {
			...nodesBase.configs.credentials.rules,
			// Of n8n's own repository; the scanner switches it off, and wants a URL.
			...off('cred-class-field-documentation-url-miscased', 'cred-class-field-type-options-password-missing'),
		},
	},
	{
		files: ['nodes/**/*.ts'],
		rules: {
			...nodesBase.configs.nodes.rules,
			// They know no NodeConnectionTypes; the scanner switches them off.
			...off(
				'node-class-description-inputs-wrong-regular-node',
				'node-class-description-outputs-wrong',
				'node-param-type-options-max-value-present',
			),
		},
	},
];

export default tseslint.config(
	{ ignores: ['dist/**', 'node_modules/**', 'coverage/**', '.tmp/**'] },
	{
		files: ['**/*.ts'],
		extends: [tseslint.configs.recommended],
		rules: { '@typescript-eslint/no-explicit-any': 'error' },
	},
	...scanner,
);
