/**
 * What a Base URL looks like, without trailing slashes: https, or http on this machine, and no user name, query, or `#`.
 * The credential's test has the same rule, so it has to be a pattern that n8n's expressions can hold: without braces.
 */
export const BASE_URL_PATTERN =
	/^(https:\/\/([^\s/?#@\\:[\]]+|\[[\da-f:.]+\])|http:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\]))(:\d*)?(\/[^\s?#\\]*)?$/i;
