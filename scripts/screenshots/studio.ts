/* What all shots share: our packed node in a real n8n against the sandbox, and a browser that is logged in. */
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { startSandbox, type Sandbox } from '../../sandbox';
import { launchBrowser, openContext } from '../n8n/browser';
import { ensureN8n, N8N_VERSIONS } from '../n8n/install';
import { Instance, type CredentialExport, type WorkflowExport } from '../n8n/instance';
import { PROJECT_ROOT, packNode } from '../n8n/packNode';
import { OWNER, Server } from '../n8n/server';

export const CREDENTIAL_TYPE = 'atlasCloudSeedreamApi';
export const CREDENTIAL = { id: 'seedreamShot0001', name: 'Atlas Cloud (Seedream) account' };
const MAX_WAIT_MS = 30_000;

export interface StudioOptions {
	build: boolean;
	/** Besides the one for Atlas Cloud. */
	credentials: CredentialExport[];
	workflows(filesFolder: string): Promise<WorkflowExport[]>;
}

export class Studio {
	private readonly ending: Array<() => Promise<void>> = [];
	private page: Page | undefined;

	private constructor(
		readonly browser: Browser,
		readonly server: Server,
		readonly sandbox: Sandbox,
	) {}

	static async open(options: StudioOptions): Promise<Studio> {
		const ending: Studio['ending'] = [];
		try {
			const packed = await packNode({ build: options.build });
			ending.push(async () => await packed.remove());
			const sandbox = await startSandbox({ predictSeconds: 1 });
			ending.push(async () => await sandbox.close());
			const instance = await Instance.create({
				n8n: await ensureN8n(N8N_VERSIONS['2.x']),
				tarball: packed.tarball,
			});
			ending.push(async () => await instance.remove());
			const data = { apiKey: sandbox.apiKey, baseUrl: sandbox.baseUrl };
			const credential: CredentialExport = { ...CREDENTIAL, type: CREDENTIAL_TYPE, data };
			await instance.importCredentials(credential, ...options.credentials);
			await copyFile(join(PROJECT_ROOT, 'examples', 'photo.jpg'), join(instance.filesFolder, 'photo.jpg'));
			await instance.importWorkflow(...(await options.workflows(instance.filesFolder)));
			const server = await Server.start(instance);
			ending.push(async () => void (await server.stop()));
			const browser = await launchBrowser();
			ending.push(async () => await browser.close());
			const studio = new Studio(browser, server, sandbox);
			studio.ending.push(...ending);
			return studio;
		} catch (error) {
			for (const end of ending.reverse()) await end();
			throw error;
		}
	}

	/** A page of n8n's editor, logged in; the same one for all shots. No wait on it takes longer than 30 seconds. */
	async editor(): Promise<Page> {
		this.page ??= await this.openEditor();
		return this.page;
	}

	/** The next shot gets a new page. */
	async closeEditor(): Promise<void> {
		await this.page?.context().close();
		this.page = undefined;
	}

	private async openEditor(): Promise<Page> {
		const context = await openContext(this.browser, { colorScheme: 'light', locale: 'en-US' });
		await context.addInitScript("localStorage.setItem('N8N_THEME', 'light')");
		const page = await context.newPage();
		page.setDefaultTimeout(MAX_WAIT_MS);
		await page.goto(`${this.server.url}/signin`);
		await page.fill('input[name=emailOrLdapLoginId]', OWNER.email);
		await page.fill('input[name=password]', OWNER.password);
		await page.click('[data-test-id=form-submit-button]');
		await page.waitForURL((url) => !url.pathname.startsWith('/signin'));
		return page;
	}

	async close(): Promise<void> {
		for (const end of this.ending.splice(0).reverse()) await end();
	}
}
