import { call, type Client, type Json, type Reply } from './client';

export const VIDEO = {
	text: 'bytedance/seedance-v1.5-pro/text-to-video',
	image: 'bytedance/seedance-v1.5-pro/image-to-video',
	textFast: 'bytedance/seedance-v1.5-pro/text-to-video-fast',
	imageFast: 'bytedance/seedance-v1.5-pro/image-to-video-fast',
	reference: 'bytedance/seedance-2.0/reference-to-video',
	mixed: 'marble/drift-3/reference-to-video',
	lipsync: 'upland/ridge-2/lipsync',
};
export const SPEECH = 'fennel/speak-3/text-to-speech';
export const TRANSCRIPT = 'fennel/scribe-2/speech-to-text';
export const LYRICS = 'fennel/verse-1/lyrics-generation';
export const UPSCALE = 'smallprint/lens-2/upscale';
export const MESH = 'upland/mesh-2/image-to-3d';

type Type = 'Image' | 'Video' | 'Audio';

export async function post(client: Client, path: string, body: object, withKey = true): Promise<Reply> {
	return await call(`${client.sandbox.baseUrl}/api/v1/${path}`, {
		method: 'POST',
		headers: withKey ? { authorization: `Bearer ${client.sandbox.apiKey}` } : {},
		body: JSON.stringify(body),
	});
}

/** Submits and waits; the data of the finished prediction. */
export async function generate(client: Client, type: Type, body: object): Promise<Json> {
	const submitted = await post(client, `model/generate${type}`, body);
	if (submitted.status !== 200) throw new Error(submitted.text);
	return await client.finished(String(submitted.json['data']!['id']));
}

export async function quote(client: Client, body: object, withKey = true): Promise<Json> {
	const reply = await post(client, 'model/calculate', body, withKey);
	if (reply.status !== 200) throw new Error(reply.text);
	return reply.json['data']!;
}

/** Each output's file. */
export async function outputFiles(data: Json): Promise<Buffer[]> {
	const urls = data['outputs'] as unknown as string[];
	return await Promise.all(urls.map(async (url) => (await call(url)).bytes));
}
