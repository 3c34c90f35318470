/* Large modules that a process loads once, and not once for each test file. They need jest's environment oneRealm.js. */

const NAMES = [
	'@fastify/multipart',
	'@n8n/backend-common',
	'@n8n/config',
	'@n8n/di',
	'fast-check',
	'fastify',
	'n8n-core',
	'n8n-workflow',
	'reflect-metadata',
	'sharp',
	'undici',
];

for (const name of NAMES) jest.mock(name, () => globalThis.requireNatively(name));
