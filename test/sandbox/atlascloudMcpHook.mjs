// Loaded into the client before its own code: its address is fixed there. Nothing but the sandbox is reached.
const { SANDBOX_URL = '' } = process.env;
const fetchAnywhere = globalThis.fetch;

globalThis.fetch = async (input, init) => {
	const url = new URL(String(input).replace('https://api.atlascloud.ai', SANDBOX_URL));
	if (url.hostname !== '127.0.0.1') throw new Error(`${url.href} is not on this machine`);
	return await fetchAnywhere(url, init);
};
