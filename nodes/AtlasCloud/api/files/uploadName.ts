/** What identifies an upload, so that a retry can find its edit in the history even after n8n has crashed. */
export interface UploadOwner {
	executionId: string;
	/** Eight hex digits that identify workflow and node. */
	nodeTag: string;
	runIndex: number;
}

/** The parts of an uploaded file's name. */
export interface UploadName extends UploadOwner {
	itemIndex: number;
	/** The first sixteen hex digits of the content's SHA-256. */
	contentTag: string;
}

/** The part of a content's SHA-256 that is in an upload's name. */
export function contentTag(sha256: string): string {
	return sha256.slice(0, 16);
}

/** An execution ID as it is in an upload's name. */
export function executionTag(executionId: string): string {
	return executionId.replace(/[^A-Za-z0-9]/g, '') || '0';
}

/** `n8n-<execution>-<node>-r<run>-i<item>-<content>.<extension>` */
export function uploadName(name: UploadName, extension: string): string {
	return `n8n-${executionTag(name.executionId)}-${name.nodeTag}-r${name.runIndex}-i${name.itemIndex}-${name.contentTag}.${extension}`;
}

/** Parses the URL of an uploaded file; null unless it still has the name that {@link uploadName} gave it. */
export function parseUploadUrl(url: string): UploadName | null {
	if (/^data:/i.test(url)) return null;
	const path = url.split(/[?#]/, 1)[0];
	const name = path.slice(path.lastIndexOf('/') + 1);
	const match = /^n8n-([A-Za-z0-9]+)-([0-9a-f]{8})-r(\d+)-i(\d+)-([0-9a-f]{16})\.[a-z0-9]+$/.exec(name);
	if (!match) return null;
	const [, executionId, nodeTag, runIndex, itemIndex, contentTag] = match;
	return { executionId, nodeTag, runIndex: Number(runIndex), itemIndex: Number(itemIndex), contentTag };
}
