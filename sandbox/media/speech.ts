import { voiceFrames } from './voice';

const CHARACTERS_PER_SECOND = 15;
const TONE_HZ = 220;

/** How long it takes to say the text. */
export function spokenSeconds(text: string, speed: number): number {
	return Math.max(0.5, text.length / CHARACTERS_PER_SECOND / speed);
}

/** A hum as long as the text takes to say. An mp3 keeps its 24 kHz; a wav has the sample rate that is asked for. */
export function makeSpeech(seconds: number, format: 'mp3' | 'wav', sampleRate: number): Buffer {
	return format === 'mp3' ? Buffer.concat(voiceFrames(seconds)) : makeWav(seconds, sampleRate);
}

/** 16-bit mono PCM. */
function makeWav(seconds: number, sampleRate: number): Buffer {
	const samples = Math.round(seconds * sampleRate);
	const wav = Buffer.alloc(44 + samples * 2);
	wav.write('RIFF', 0, 'latin1');
	wav.writeUInt32LE(wav.length - 8, 4);
	wav.write('WAVEfmt ', 8, 'latin1');
	wav.writeUInt32LE(16, 16);
	wav.writeUInt16LE(1, 20);
	wav.writeUInt16LE(1, 22);
	wav.writeUInt32LE(sampleRate, 24);
	wav.writeUInt32LE(sampleRate * 2, 28);
	wav.writeUInt16LE(2, 32);
	wav.writeUInt16LE(16, 34);
	wav.write('data', 36, 'latin1');
	wav.writeUInt32LE(samples * 2, 40);
	for (let index = 0; index < samples; index += 1) {
		const time = index / sampleRate;
		const loudness = 6000 * (0.6 + 0.4 * Math.sin(2 * Math.PI * 4 * time));
		wav.writeInt16LE(Math.round(loudness * Math.sin(2 * Math.PI * TONE_HZ * time)), 44 + index * 2);
	}
	return wav;
}
