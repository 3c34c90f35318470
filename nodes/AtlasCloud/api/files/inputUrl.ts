import { isValidUrl, truncate } from '../text';
import { inputError } from '../errors';
import { invisibleIn } from '../cells';
import { isLoopbackHost, isPrivateHost } from '../http/addresses';

/** What to do about a link that does not lead to the file, by what it shows. */
const ADVICE = {
	page: (name: string) =>
		`Download the file with n8n’s node for ${name} or an HTTP Request node, and use the file.`,
	login: (name: string) =>
		`Download the file with an HTTP Request node that has your ${name} credential, and use the file.`,
	address: () => 'Open it in a browser, and copy the address of the image itself.',
};

/**
 * Links that open a page in place of the file, unless they say that they download it. Some ask for a login; some show
 * anybody the file with an address of its own.
 */
const SHARE_PAGES: Array<{ name: string; host: RegExp; path: RegExp; shows?: keyof typeof ADVICE }> = [
	{ name: 'Google Drive', host: /^drive\.google\.com$/, path: /^\/([au]\/[^/]+\/)?(file|open|drive)\b/ },
	{
		name: 'Google Docs',
		host: /^docs\.google\.com$/,
		path: /^(?!\/drawings\/d\/e\/)[^?]*\/(edit|view|pub)?(\?|$)/,
	},
	{ name: 'Google Photos', host: /^photos\.(google\.com|app\.goo\.gl)$/, path: /./ },
	{ name: 'Dropbox', host: /^(www\.)?dropbox\.com$/, path: /^(?!.*[?&](dl|raw)=1)/ },
	{ name: 'Box', host: /(^|\.)app\.box\.com$/, path: /^\/(s|file)\// },
	{
		name: 'OneDrive',
		host: /^(1drv\.ms|onedrive\.live\.com|.+\.sharepoint\.com)$/,
		path: /^(?!.*([?&]download=1|\/download(\.aspx)?\?))/i,
	},
	{ name: 'iCloud', host: /^(www|share)\.icloud\.com$/, path: /./ },
	{ name: 'WeTransfer', host: /^(we\.tl|wetransfer\.com)$/, path: /./ },
	{ name: 'WhatsApp', host: /^lookaside\.fbsbx\.com$/, path: /^\/whatsapp_business\//, shows: 'login' },
	{ name: 'Slack', host: /\.slack\.com$/, path: /^\/files[-/]/, shows: 'login' },
	{ name: 'GitHub', host: /^github\.com$/, path: /^\/[^/]+\/[^/]+\/blob\/(?!.*[?&]raw=)/, shows: 'address' },
	{
		name: 'Imgur',
		host: /^(www\.|m\.)?imgur\.com$/,
		path: /^(?!\/download\/)[^.?]*(\?|$)/,
		shows: 'address',
	},
	{ name: 'ImgBB', host: /^ibb\.co$/, path: /./, shows: 'address' },
	{ name: 'Pinterest', host: /^(.+\.)?pinterest(\.[a-z]+){1,2}$/, path: /^\/pin\//, shows: 'address' },
	{ name: 'Wikimedia', host: /\.wiki[mp]edia\.org$/, path: /^\/wiki\/(?!special:)[^/]+$/i, shows: 'address' },
];

/** How a file gets to Atlas that Atlas cannot fetch. @param isTool whether an AI agent calls the node */
export function downloadAdvice(isTool: boolean): string {
	return isTool
		? 'Use a public URL that leads directly to the file.'
		: 'Download it with an HTTP Request node, and use the file instead of the URL.';
}

/**
 * Checks the URL of an input file, as far as can be told without a request: Atlas fetches it.
 * @param baseUrl the API's: on this machine, Atlas is, too
 * @throws AtlasError (`input`) if it is malformed, or Atlas cannot reach it
 */
export function checkInputUrl(url: string, { baseUrl, isTool }: { baseUrl: string; isTool: boolean }): void {
	const odd = invisibleIn(url);
	if (odd !== null) {
		throw inputError(
			`The URL "${truncate(url)}" contains ${odd}`,
			`${odd === 'a space' ? 'If it belongs to the URL, write %20 instead.' : 'Delete it.'} If these are several URLs, put each on its own line.`,
		);
	}
	if (!isValidUrl(url)) {
		throw inputError(
			`"${truncate(url)}" is not a valid URL`,
			'Start each URL with https:// and put it on its own line.',
		);
	}
	const { hostname, pathname, search } = new URL(url);
	if (isPrivateHost(hostname) && !isLoopbackHost(new URL(baseUrl).hostname)) {
		throw inputError(
			`Atlas Cloud can’t read ${truncate(url)}: it isn’t on the public internet`,
			downloadAdvice(isTool),
		);
	}
	const page = SHARE_PAGES.find(({ host, path }) => host.test(hostname) && path.test(`${pathname}${search}`));
	if (!page) return;
	const { name, shows } = page;
	const why = shows === 'login' ? 'needs a login' : 'opens a page, not the file';
	throw inputError(
		`This ${name} link ${why}: ${truncate(url)}`,
		isTool ? downloadAdvice(isTool) : ADVICE[shows ?? 'page'](name),
	);
}
