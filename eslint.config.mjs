import { n8nCommunityNodesPlugin } from '@n8n/eslint-plugin-community-nodes';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
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

/**
 * The rooms of nodes/AtlasCloud (docs/architecture.md), each with those that it may import from. Arrows go one way.
 */
const API = [
	'api/purchases',
	'api/webhooks',
	'api/files',
	'api/predictions',
	'api/pace',
	'api/models',
	'api/http',
	'api/time',
];
const ROOMS = {
	'api/time': [],
	'api/http': ['api/time'],
	'api/models': ['api/http', 'api/time'],
	'api/pace': ['api/models', 'api/http', 'api/time'],
	'api/predictions': ['api/pace', 'api/models', 'api/http', 'api/time'],
	'api/files': ['api/predictions', 'api/pace', 'api/models', 'api/http', 'api/time'],
	'api/webhooks': ['api/predictions', 'api/http', 'api/time'],
	'api/purchases': ['api/files', 'api/predictions', 'api/pace', 'api/models', 'api/http', 'api/time'],
	n8n: API,
	panel: API,
	items: ['n8n', 'panel', ...API],
	run: ['items', 'n8n', 'panel', ...API],
	operations: ['run', 'items', 'n8n', 'panel', ...API],
	SeedreamEdit: ['operations', 'run', 'items', 'n8n', 'panel', ...API],
	AtlasCloudModels: ['operations', 'run', 'items', 'n8n', 'panel', ...API],
	AtlasCloudTrigger: ['items', 'n8n', 'panel', ...API],
};

/** Rooms whose code may use what n8n-workflow exports; the others use its types, and `api/` none of it. */
const USES_N8N = ['n8n', 'panel', 'SeedreamEdit', 'AtlasCloudModels', 'AtlasCloudTrigger'];

const architecture = Object.entries(ROOMS).map(([room, allowed]) => {
	const others = Object.keys(ROOMS).filter((other) => other !== room && !allowed.includes(other));
	const names = others.map((other) => other.replace('api/', ''));
	const isApi = room.startsWith('api/');
	return {
		files: [`nodes/AtlasCloud/${room}/**/*.ts`],
		rules: {
			'@typescript-eslint/no-restricted-imports': [
				'error',
				{
					patterns: [
						{
							regex: `^(\\.\\./)+(api/)?(${names.join('|')})/`,
							message: 'Not a room that this one imports from.',
						},
						...(isApi ? [{ regex: 'nodeRun$', message: 'Of n8n’s side of the house.' }] : []),
					],
					paths: USES_N8N.includes(room)
						? []
						: [
								{
									name: 'n8n-workflow',
									allowTypeImports: !isApi,
									message: 'Only n8n/ and panel/ use its values.',
								},
							],
				},
			],
		},
	};
});

/** The ground of `api/`: errors, json, hash, memo, text, cells, fileList. */
const ground = {
	files: ['nodes/AtlasCloud/api/*.ts'],
	rules: {
		'@typescript-eslint/no-restricted-imports': [
			'error',
			{
				patterns: [
					{ regex: '^\\./\\w+/|^\\.\\./', message: 'Every room stands on this one; it stands on none.' },
				],
			},
		],
	},
};

const noCircles = {
	files: ['nodes/**/*.ts', 'credentials/**/*.ts'],
	plugins: { 'import-x': importX },
	settings: {
		'import-x/extensions': ['.ts'],
		'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
		'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.js'] })],
	},
	rules: { 'import-x/no-cycle': ['error', { ignoreExternal: true }] },
};

export default tseslint.config(
	{ ignores: ['dist/**', 'node_modules/**', 'coverage/**', '.tmp/**'] },
	{
		files: ['**/*.ts'],
		extends: [tseslint.configs.recommended],
		rules: { '@typescript-eslint/no-explicit-any': 'error' },
	},
	...scanner,
	...architecture,
	ground,
	noCircles,
);
