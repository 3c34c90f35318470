/** How long an answer may take, in milliseconds. */

/** A JSON answer to a read. */
export const READ_TIMEOUT_MS = 30_000;

/** The answer to a submit: waited for longer, because giving it up leaves a bill in doubt. */
export const SUBMIT_TIMEOUT_MS = 120_000;

/** The answer to an upload: Atlas's own client allows large ones on slow links 300 s [C]. */
export const UPLOAD_TIMEOUT_MS = 300_000;

/** The beginning of a download, and the time between two of its pieces. */
export const DOWNLOAD_TIMEOUT_MS = 60_000;
