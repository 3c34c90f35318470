/** Every time limit of a single request, in milliseconds. */

/** A JSON answer to a read, and the longest silence within any JSON answer. */
export const READ_TIMEOUT_MS = 30_000;

/** The answer to a submit: giving it up leaves a bill in doubt. */
export const SUBMIT_TIMEOUT_MS = 120_000;

/** The answer to an upload of a small file: 300 s like Atlas's own client (docs/atlas-cloud-api.md, Upload). */
export const UPLOAD_TIMEOUT_MS = 300_000;

/** The start of a download, and the longest silence within it. */
export const DOWNLOAD_TIMEOUT_MS = 60_000;

/** n8n's own timeout may fire first, because its error says more. */
export const TIMEOUT_MARGIN_MS = 1_000;

/** The longest pause a `Retry-After` can ask of a read or an upload. */
export const MAX_RETRY_AFTER_MS = 300_000;

/** A stream slower than this is ended: one that trickles would outlive every time limit. */
export const MIN_BYTES_PER_SECOND = 10_000;
