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
