/* Google Sheets and Google Drive on this machine, as far as n8n's own nodes for them ask. n8n is led here by the
 * environment that it takes its proxy from; what it asks of other hosts on the way is refused. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fastify, { type FastifyInstance } from 'fastify';
import type { CredentialExport } from '../../scripts/n8n/instance';

const ACCESS_TOKEN = 'google-access-token';
const HOSTS = ['sheets.googleapis.com', 'www.googleapis.com'];

export interface DriveFile {
	id: string;
	name: string;
	mimeType: string;
	bytes: Buffer;
}

export interface Google {
	/** For the n8n that is to meet it. */
	env: NodeJS.ProcessEnv;
	/** The cells of its only spreadsheet. */
	rows: string[][];
	files: Map<string, DriveFile>;
	/** Has no room for the next so many files. */
	refuseUploads(count: number): void;
	close(): Promise<void>;
}

/** The credentials of Google's nodes, as they are once a person has signed in. */
export const GOOGLE_CREDENTIALS: CredentialExport[] = [
	{ id: 'googleSheets0001', type: 'googleSheetsOAuth2Api' },
	{ id: 'googleDrive00001', type: 'googleDriveOAuth2Api' },
].map((credential) => ({
	...credential,
	name: credential.type,
	data: {
		clientId: 'client',
		clientSecret: 'secret',
		oauthTokenData: { access_token: ACCESS_TOKEN, token_type: 'Bearer' },
	},
}));

export const SPREADSHEET = 'https://docs.google.com/spreadsheets/d/the-only-sheet/edit?gid=0#gid=0';

export const driveLink = (id: string): string => `https://drive.google.com/file/d/${id}/view?usp=drive_link`;

/** @param rows of the sheet, the header first */
export async function startGoogle(rows: string[][]): Promise<Google> {
	const folder = await mkdtemp(join(tmpdir(), 'seedream-google-'));
	const certificate = await makeCertificate(folder);
	const drive: Drive = { files: new Map(), refusals: 0 };
	const service = await startService(certificate, rows, drive);
	const proxy = createServer((_request, response) => response.writeHead(403).end());
	proxy.on('connect', ({ url }: { url?: string }, client, head: Buffer) => {
		if (!HOSTS.includes(url?.split(':')[0] ?? '')) return client.end('HTTP/1.1 403 Forbidden\r\n\r\n');
		const upstream = connect(service.port, '127.0.0.1', () => {
			client.write('HTTP/1.1 200 Connection established\r\n\r\n');
			upstream.write(head);
			upstream.pipe(client).pipe(upstream);
		});
		for (const socket of [client, upstream]) {
			socket.on('error', () => [client, upstream].forEach((one) => one.destroy()));
		}
	});
	await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
	return {
		env: {
			HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
			NO_PROXY: 'localhost,127.0.0.1',
			NODE_EXTRA_CA_CERTS: certificate.certPath,
		},
		rows,
		files: drive.files,
		refuseUploads: (count) => void (drive.refusals = count),
		close: async () => {
			proxy.closeAllConnections();
			proxy.close();
			await service.close();
			await rm(folder, { recursive: true, force: true });
		},
	};
}

async function makeCertificate(folder: string): Promise<{ certPath: string; keyPath: string }> {
	const [certPath, keyPath] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
	const names = HOSTS.map((host) => `DNS:${host}`).join(',');
	await promisify(execFile)('openssl', [
		...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=Google of a test'],
		...['-addext', `subjectAltName=${names}`, '-keyout', keyPath, '-out', certPath],
	]);
	return { certPath, keyPath };
}

async function startService(
	{ certPath, keyPath }: { certPath: string; keyPath: string },
	rows: string[][],
	drive: Drive,
): Promise<{ port: number; close(): Promise<void> }> {
	const https = { cert: await readFile(certPath), key: await readFile(keyPath) };
	const app = fastify({ https, bodyLimit: 100_000_000, forceCloseConnections: true });
	app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
	app.addHook('onRequest', async ({ headers }, reply) => {
		if (headers.authorization !== `Bearer ${ACCESS_TOKEN}` && !headers['content-range']) {
			await reply.code(401).send({ error: { message: 'Not signed in' } });
		}
	});
	serveSheets(app, rows);
	serveDrive(app, drive);
	await app.listen({ port: 0, host: '127.0.0.1' });
	return { port: (app.server.address() as AddressInfo).port, close: async () => await app.close() };
}

type App = FastifyInstance<Server>;

interface Drive {
	files: Map<string, DriveFile>;
	refusals: number;
}

function serveSheets(app: App, rows: string[][]): void {
	app.get('/v4/spreadsheets/:id', async () => ({
		sheets: [{ properties: { sheetId: 0, title: 'Sheet1', gridProperties: { rowCount: 1000 } } }],
	}));
	app.get('/v4/spreadsheets/:id/values/:range', async () => ({ values: rows }));
	app.post('/v4/spreadsheets/:id/values::batchUpdate', async ({ body }) => {
		const { data } = body as { data: Array<{ range: string; values: unknown[][] }> };
		for (const { range, values } of data) {
			// One cell each: `Sheet1!D3`.
			const [, column, row] = /!([A-Z])(\d+)$/.exec(range)!;
			(rows[Number(row) - 1] ??= [])[column.charCodeAt(0) - 65] = String(values[0][0]);
		}
		return {};
	});
}

function serveDrive(app: App, drive: Drive): void {
	const { files } = drive;
	const file = ({ params }: { params: unknown }) => files.get((params as { id: string }).id);
	const describe = ({ id, name, mimeType }: DriveFile) => ({
		id,
		name,
		mimeType,
		webViewLink: driveLink(id),
	});
	app.get('/drive/v3/files/:id', async (request, reply) => {
		const found = file(request);
		if (!found) return await reply.code(404).send({ error: { message: 'File not found' } });
		if ((request.query as { alt?: string }).alt !== 'media') return describe(found);
		return await reply.type(found.mimeType).send(found.bytes);
	});
	// Uploads in one piece or in chunks, then a PATCH that sets the name.
	app.post('/upload/drive/v3/files', async ({ query, headers, body }, reply) => {
		if (drive.refusals > 0) {
			drive.refusals--;
			return await reply.code(403).send({ error: { message: 'The drive is full' } });
		}
		const id = randomUUID();
		const made = { id, name: '', mimeType: '', bytes: Buffer.alloc(0) };
		files.set(id, made);
		if ((query as { uploadType: string }).uploadType === 'resumable') {
			made.mimeType = String(headers['x-upload-content-type']);
			return await reply.header('location', `https://www.googleapis.com/upload/chunks/${id}`).send();
		}
		const [, boundary] = /boundary=(.+)$/.exec(headers['content-type']!)!;
		const text = (body as Buffer).toString('latin1');
		const part = text.split(`--${boundary}`)[2];
		made.bytes = Buffer.from(part.slice(part.indexOf('\r\n\r\n') + 4, -2), 'latin1');
		return { id };
	});
	app.put('/upload/chunks/:id', async (request, reply) => {
		const found = file(request)!;
		found.bytes = Buffer.concat([found.bytes, request.body as Buffer]);
		const [, last, total] = /-(\d+)\/(\d+)$/.exec(request.headers['content-range']!)!;
		return Number(last) + 1 < Number(total) ? await reply.code(308).send() : { id: found.id };
	});
	app.patch('/drive/v3/files/:id', async (request) => {
		const found = file(request)!;
		Object.assign(found, request.body);
		return describe(found);
	});
}
