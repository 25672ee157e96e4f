import type { BufferAttribute, BufferGeometry, InterleavedBufferAttribute } from "three";

type Attribute = BufferAttribute | InterleavedBufferAttribute;

/** A geometry in the one layout that the renderer's loops read. */
export interface MeshData {
  readonly vertexCount: number;
  readonly triangleCount: number;
  /** `[vertexCount, 3]` metres. */
  readonly positions: Float32Array;
  /** `[vertexCount, 3]` unit vectors. */
  readonly normals: Float32Array;
  /** `[triangleCount, 3]`. */
  readonly indices: Uint32Array;
  /** `[triangleCount, 3]` mean of the corners' colours, when the geometry has colours. */
  readonly colors: Float32Array | undefined;
  /** `[vertexCount, 2]` texture coordinates, when the geometry has them. */
  readonly uvs: Float32Array | undefined;
  /** Bounding sphere in the geometry's frame: centre x, y, z, radius. */
  readonly sphere: Float64Array;
}

/** Converted data, and the attributes and versions that it was made from. */
interface CacheEntry {
  readonly data: MeshData;
  readonly position: Attribute | undefined;
  readonly positionVersion: number;
  readonly normalVersion: number;
  readonly colorVersion: number;
  readonly uv: Attribute | undefined;
  readonly uvVersion: number;
  readonly indexVersion: number;
  readonly start: number;
  readonly count: number;
}

function readVectors(attribute: Attribute): Float32Array {
  const out = new Float32Array(attribute.count * 3);
  for (let i = 0; i < attribute.count; i++) {
    out[3 * i] = attribute.getX(i);
    out[3 * i + 1] = attribute.getY(i);
    out[3 * i + 2] = attribute.getZ(i);
  }
  return out;
}

function readCoordinates(attribute: Attribute): Float32Array {
  const out = new Float32Array(attribute.count * 2);
  for (let i = 0; i < attribute.count; i++) {
    out[2 * i] = attribute.getX(i);
    out[2 * i + 1] = attribute.getY(i);
  }
  return out;
}

function readIndices(geometry: BufferGeometry, vertexCount: number): Uint32Array {
  const index = geometry.index;
  const available = index === null ? vertexCount : index.count;
  const start = Math.min(Math.max(geometry.drawRange.start, 0), available);
  const count = Math.min(geometry.drawRange.count, available - start);
  const out = new Uint32Array(count - (count % 3));
  for (let i = 0; i < out.length; i++) {
    const vertex = index === null ? start + i : index.getX(start + i);
    // A triangle that names a vertex which is not there collapses to a point and is never drawn.
    out[i] = vertex < vertexCount ? vertex : 0;
  }
  return out;
}

/** Gives every triangle three vertices of its own, with the triangle's normal. */
function facet(
  positions: Float32Array,
  indices: Uint32Array,
  uvs: Float32Array | undefined,
): Pick<MeshData, "positions" | "normals" | "indices" | "uvs"> {
  const flat = new Float32Array(indices.length * 3);
  const normals = new Float32Array(indices.length * 3);
  for (let i = 0; i < indices.length; i++) flat.set(positions.subarray(3 * indices[i], 3 * indices[i] + 3), 3 * i);
  for (let i = 0; i < flat.length; i += 9) {
    const ux = flat[i + 3] - flat[i];
    const uy = flat[i + 4] - flat[i + 1];
    const uz = flat[i + 5] - flat[i + 2];
    const vx = flat[i + 6] - flat[i];
    const vy = flat[i + 7] - flat[i + 1];
    const vz = flat[i + 8] - flat[i + 2];
    const x = uy * vz - uz * vy;
    const y = uz * vx - ux * vz;
    const z = ux * vy - uy * vx;
    const length = Math.sqrt(x * x + y * y + z * z) || 1;
    for (let k = i; k < i + 9; k += 3) {
      normals[k] = x / length;
      normals[k + 1] = y / length;
      normals[k + 2] = z / length;
    }
  }
  const flatUvs = uvs && Float32Array.from({ length: 2 * indices.length }, (_, i) => uvs[2 * indices[i >> 1] + (i & 1)]);
  return { positions: flat, normals, indices: Uint32Array.from(indices, (_, i) => i), uvs: flatUvs };
}

function averageColors(attribute: Attribute, indices: Uint32Array): Float32Array {
  const colors = new Float32Array(indices.length);
  for (let t = 0; t < indices.length; t += 3) {
    for (let k = t; k < t + 3; k++) {
      colors[t] += attribute.getX(indices[k]) / 3;
      colors[t + 1] += attribute.getY(indices[k]) / 3;
      colors[t + 2] += attribute.getZ(indices[k]) / 3;
    }
  }
  return colors;
}

function boundingSphere(positions: Float32Array): Float64Array {
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (let i = 0; i < positions.length; i++) {
    const axis = i % 3;
    if (positions[i] < low[axis]) low[axis] = positions[i];
    if (positions[i] > high[axis]) high[axis] = positions[i];
  }
  const sphere = new Float64Array(4);
  for (let axis = 0; axis < 3; axis++) sphere[axis] = positions.length === 0 ? 0 : (low[axis] + high[axis]) / 2;
  let squared = 0;
  for (let i = 0; i < positions.length; i += 3) {
    const x = positions[i] - sphere[0];
    const y = positions[i + 1] - sphere[1];
    const z = positions[i + 2] - sphere[2];
    squared = Math.max(squared, x * x + y * y + z * z);
  }
  sphere[3] = Math.sqrt(squared);
  return sphere;
}

function versionOf(attribute: Attribute | null | undefined): number {
  if (attribute === null || attribute === undefined) return -1;
  return "data" in attribute ? attribute.data.version : attribute.version;
}

function convert(geometry: BufferGeometry, flat: boolean): MeshData {
  const position = geometry.attributes["position"];
  const normal = geometry.attributes["normal"];
  const color = geometry.attributes["color"];
  const uv = geometry.attributes["uv"];
  const positions = position === undefined ? new Float32Array(0) : readVectors(position);
  const indices = readIndices(geometry, positions.length / 3);
  const colors = color === undefined ? undefined : averageColors(color, indices);
  const uvs = uv === undefined || uv.count * 3 < positions.length ? undefined : readCoordinates(uv);
  const shared =
    flat || normal === undefined || normal.count * 3 < positions.length
      ? facet(positions, indices, uvs)
      : { positions, normals: readVectors(normal), indices, uvs };
  return {
    ...shared,
    vertexCount: shared.positions.length / 3,
    triangleCount: indices.length / 3,
    colors,
    sphere: boundingSphere(shared.positions),
  };
}

/** Converts geometries once and remembers them until their attributes change or they are collected. */
export class MeshDataCache {
  readonly #smooth = new WeakMap<BufferGeometry, CacheEntry>();
  readonly #flat = new WeakMap<BufferGeometry, CacheEntry>();

  /** @param flat - one normal per triangle even where the geometry has smooth ones */
  get(geometry: BufferGeometry, flat: boolean): MeshData {
    const cache = flat ? this.#flat : this.#smooth;
    const { position, normal, color, uv } = geometry.attributes;
    const { start, count } = geometry.drawRange;
    const known = cache.get(geometry);
    if (
      known !== undefined &&
      known.position === position &&
      known.positionVersion === versionOf(position) &&
      known.normalVersion === versionOf(normal) &&
      known.colorVersion === versionOf(color) &&
      known.uv === uv &&
      known.uvVersion === versionOf(uv) &&
      known.indexVersion === versionOf(geometry.index) &&
      known.start === start &&
      known.count === count
    ) {
      return known.data;
    }
    const data = convert(geometry, flat);
    cache.set(geometry, {
      data,
      position,
      positionVersion: versionOf(position),
      normalVersion: versionOf(normal),
      colorVersion: versionOf(color),
      uv,
      uvVersion: versionOf(uv),
      indexVersion: versionOf(geometry.index),
      start,
      count,
    });
    return data;
  }
}
