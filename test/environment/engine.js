/*
 * In engine tests the node's time is virtual, and it reaches a sandbox of its own process past sockets: see
 * test/engine/virtualTime.ts. A test file of sockets mocks `n8n/http` with the actual one.
 */
for (const name of ['clock', 'http'])
	jest.mock(`../../nodes/AtlasCloud/n8n/${name}`, () => jest.requireActual('../engine/virtualTime'));
