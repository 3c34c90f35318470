import { editPicture, paintPixels } from './editPicture';
import type { MediaInputs } from './inputMedia';
import type { InputImage } from './inputImages';
import { makeGlb, makeMeshArchive } from './media/mesh';
import { makeSpeech, spokenSeconds } from './media/speech';
import { makeTranscript } from './media/transcript';
import { lastFrame, makeVideo, type Film } from './media/video';
import { durationOf } from './pricing';
import type { Pixels } from './pixels';
import { fileOf, productOf, type Product, type ProductFile } from './product';
import type { Fields } from './schemaRules';
import type { MediaSubmit } from './submitRules';

const MAX_SIDE = 8192;
const PREVIEW_SIDE = 1024;
const ADAPTIVE_RATIO = 16 / 9;

/** What a model defined by its schema makes of these inputs. */
export function mediaProduct(submit: MediaSubmit, inputs: MediaInputs): Product {
	const { fields } = submit;
	switch (submit.model.makes) {
		case 'video':
			return videoProduct(submit, inputs);
		case 'lipsync':
			return lipsyncProduct(inputs);
		case 'upscale':
			return productOf(upscaled(fields, inputs.images));
		case 'speech':
			return speechProduct(fields);
		case 'transcript':
			return transcriptProduct(fields, inputs);
		case 'lyrics':
			return lyricsProduct(submit.prompt);
		case 'mesh':
			return meshProduct(inputs.images);
	}
}

function videoProduct({ fields, prompt }: MediaSubmit, { images }: MediaInputs): Product {
	const size = videoSize(fields, images[0]);
	const film = once(async (): Promise<Film> => ({
		scenes: await scenesOf(prompt, images, size),
		seconds: durationOf(fields),
		withSound: (fields['generate_audio'] ?? fields['audio']) === true,
	}));
	const video = fileOf('mp4', async () => await makeVideo(await film()));
	if (fields['return_last_frame'] !== true) return productOf(video);
	return productOf(
		video,
		fileOf('png', async () => await lastFrame(await film())),
	);
}

/** Each input image fills the frame for its share of the time; without one, the prompt's backdrop does. */
async function scenesOf(
	prompt: string,
	images: readonly InputImage[],
	size: { width: number; height: number },
): Promise<Pixels[]> {
	const shots = images.length === 0 ? [[]] : images.map((image) => [image]);
	const scenes: Pixels[] = [];
	for (const [index, inputs] of shots.entries()) {
		scenes.push(await paintPixels({ prompt, inputs, ...size, index, count: shots.length }));
	}
	return scenes;
}

/** `720p` is the shorter side. Both are even, as video wants them. */
function videoSize(fields: Fields, first: InputImage | undefined): { width: number; height: number } {
	const short = parseInt(String(fields['resolution']), 10);
	const ratio = aspectRatio(String(fields['aspect_ratio'] ?? fields['ratio']), first);
	const long = Math.round((short * Math.max(ratio, 1 / ratio)) / 2) * 2;
	return ratio >= 1 ? { width: long, height: short } : { width: short, height: long };
}

function aspectRatio(text: string, first: InputImage | undefined): number {
	const [width, height] = text.split(':').map(Number);
	if (width && height) return width / height;
	return first ? first.width / first.height : ADAPTIVE_RATIO;
}

function lipsyncProduct({ clips }: MediaInputs): Product {
	const seconds = clips['audio']?.[0]?.seconds ?? 1;
	const { width, height } = clips['video']?.[0]?.size ?? { width: 854, height: 480 };
	return productOf(
		fileOf('mp4', async () => {
			const scenes = await scenesOf('lipsync', [], { width, height });
			return await makeVideo({ scenes, seconds, withSound: true });
		}),
	);
}

function upscaled(fields: Fields, images: readonly InputImage[]): ProductFile {
	const { width = 1, height = 1 } = images[0] ?? {};
	const scale = Math.min(Number(fields['scale']), MAX_SIDE / Math.max(width, height));
	const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
	const format = fields['output_format'] === 'jpeg' ? 'jpeg' : 'png';
	return imageFile(images, size, format);
}

function imageFile(
	inputs: readonly InputImage[],
	size: { width: number; height: number },
	format: 'png' | 'jpeg',
): ProductFile {
	const edit = { prompt: '', inputs, ...size, format, index: 0, count: 1 };
	return { extension: format, make: async (path) => await editPicture(edit, path) };
}

function speechProduct(fields: Fields): Product {
	const format = fields['format'] === 'wav' ? 'wav' : 'mp3';
	const seconds = spokenSeconds(String(fields['text']), Number(fields['speed']));
	const speech = fileOf(format, async () => makeSpeech(seconds, format, Number(fields['sample_rate'])));
	return { ...productOf(speech), details: { duration: seconds } };
}

function transcriptProduct(fields: Fields, { clips }: MediaInputs): Product {
	const transcript = makeTranscript(
		clips['audio_url']?.[0]?.seconds ?? 0,
		String(fields['language'] ?? 'en'),
	);
	return { files: [], text: transcript.text, details: { stt_result: transcript } };
}

function lyricsProduct(prompt: string): Product {
	const lyrics = `[Verse]\n${prompt}\n\n[Chorus]\nSandbox, oh sandbox`;
	const result = { song_title: 'Sandbox', style_tags: ['demo'], lyrics };
	return { files: [], text: lyrics, details: { lyrics_result: result } };
}

/** The mesh, an archive of it and a preview, in this order. */
function meshProduct(images: readonly InputImage[]): Product {
	const color = once(async () => {
		const stats = await (await images[0]?.open())?.stats();
		return stats?.dominant ?? { r: 128, g: 128, b: 128 };
	});
	return productOf(
		fileOf('glb', async () => makeGlb(await color())),
		fileOf('zip', async () => makeMeshArchive(await color())),
		imageFile(images, { width: PREVIEW_SIDE, height: PREVIEW_SIDE }, 'png'),
	);
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
	let made: Promise<T> | undefined;
	return async () => await (made ??= make());
}
