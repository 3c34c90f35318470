import type { Color } from '../colors';
import { makeZip } from './zip';

/** A cube: eight corners, twelve triangles. */
const CORNERS = [0, 1, 2, 3, 4, 5, 6, 7].map((at) =>
	[at & 1, (at >> 1) & 1, at >> 2].map((bit) => bit - 0.5),
);
const TRIANGLES = [
	[0, 2, 1],
	[1, 2, 3],
	[4, 5, 6],
	[5, 7, 6],
	[0, 1, 4],
	[1, 5, 4],
	[2, 6, 3],
	[3, 6, 7],
	[0, 4, 2],
	[2, 4, 6],
	[1, 3, 5],
	[3, 7, 5],
];
const FLOAT = 5126;
const UNSIGNED_SHORT = 5123;

/** A cube of this color as binary glTF 2.0. */
export function makeGlb({ r, g, b }: Color): Buffer {
	const positions = Buffer.from(new Float32Array(CORNERS.flat()).buffer);
	const indices = Buffer.from(new Uint16Array(TRIANGLES.flat()).buffer);
	const json = {
		asset: { version: '2.0', generator: 'sandbox' },
		scene: 0,
		scenes: [{ nodes: [0] }],
		nodes: [{ mesh: 0 }],
		meshes: [{ primitives: [{ attributes: { POSITION: 0 }, indices: 1, material: 0 }] }],
		materials: [{ pbrMetallicRoughness: { baseColorFactor: [r / 255, g / 255, b / 255, 1] } }],
		accessors: [
			{
				bufferView: 0,
				componentType: FLOAT,
				count: CORNERS.length,
				type: 'VEC3',
				min: [-0.5, -0.5, -0.5],
				max: [0.5, 0.5, 0.5],
			},
			{ bufferView: 1, componentType: UNSIGNED_SHORT, count: TRIANGLES.length * 3, type: 'SCALAR' },
		],
		bufferViews: [
			{ buffer: 0, byteOffset: 0, byteLength: positions.length },
			{ buffer: 0, byteOffset: positions.length, byteLength: indices.length },
		],
		buffers: [{ byteLength: positions.length + indices.length }],
	};
	const chunks = Buffer.concat([
		glbChunk('JSON', Buffer.from(JSON.stringify(json)), ' '),
		glbChunk('BIN\0', Buffer.concat([positions, indices]), '\0'),
	]);
	const header = Buffer.alloc(12);
	header.write('glTF', 0, 'latin1');
	header.writeUInt32LE(2, 4);
	header.writeUInt32LE(header.length + chunks.length, 8);
	return Buffer.concat([header, chunks]);
}

/** The same cube as Wavefront files in an archive. */
export function makeMeshArchive({ r, g, b }: Color): Buffer {
	const obj = [
		'mtllib model.mtl',
		'usemtl sandbox',
		...CORNERS.map((corner) => `v ${corner.join(' ')}`),
		...TRIANGLES.map((triangle) => `f ${triangle.map((corner) => corner + 1).join(' ')}`),
	];
	const mtl = ['newmtl sandbox', `Kd ${[r, g, b].map((value) => (value / 255).toFixed(3)).join(' ')}`];
	return makeZip([
		{ name: 'model.obj', bytes: Buffer.from(`${obj.join('\n')}\n`) },
		{ name: 'model.mtl', bytes: Buffer.from(`${mtl.join('\n')}\n`) },
	]);
}

/** Chunks are padded to four bytes. */
function glbChunk(type: string, bytes: Buffer, padding: string): Buffer {
	const padded = Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4, padding)]);
	const head = Buffer.alloc(8);
	head.writeUInt32LE(padded.length, 0);
	head.write(type, 4, 'latin1');
	return Buffer.concat([head, padded]);
}
