/** 32 well-mixed bits of a lattice point (integers) and a seed: the finaliser of MurmurHash3 over a sum of odd multiples. */
function hash(x: number, y: number, seed: number): number {
  let h = (Math.imul(x, 0x27d4eb2d) + Math.imul(y, 0x165667b1) + Math.imul(seed, 0x9e3779b1)) | 0;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Gradient of the lattice point, one of 16 directions, times the offset (dx, dy). */
function ramp(x: number, y: number, seed: number, dx: number, dy: number): number {
  const direction = hash(x, y, seed) >>> 28;
  return DIRECTIONS[2 * direction] * dx + DIRECTIONS[2 * direction + 1] * dy;
}

const fade = (t: number): number => t * t * t * (t * (6 * t - 15) + 10);
const D = Math.SQRT1_2;
/** cos and sin of pi / 8. */
const C = 0.9238795325112867;
const S = 0.3826834323650898;
const DIRECTIONS = [1, 0, C, S, D, D, S, C, 0, 1, -S, C, -D, D, -C, S, -1, 0, -C, -S, -D, -D, -S, -C, 0, -1, S, -C, D, -D, C, -S] as const;

/**
 * Gradient noise on a lattice of whole numbers (Perlin, "Improving Noise", SIGGRAPH 2002), repeated every `periodX` and `periodY`.
 * Smooth, about 0 on average, within [-1, 1].
 *
 * @param seed - integer
 */
export function latticeNoise(x: number, y: number, periodX: number, periodY: number, seed: number): number {
  const floorX = Math.floor(x);
  const floorY = Math.floor(y);
  const fx = x - floorX;
  const fy = y - floorY;
  const x0 = ((floorX % periodX) + periodX) % periodX;
  const y0 = ((floorY % periodY) + periodY) % periodY;
  const x1 = x0 + 1 === periodX ? 0 : x0 + 1;
  const y1 = y0 + 1 === periodY ? 0 : y0 + 1;
  const a = ramp(x0, y0, seed, fx, fy);
  const b = ramp(x1, y0, seed, fx - 1, fy);
  const c = ramp(x0, y1, seed, fx, fy - 1);
  const d = ramp(x1, y1, seed, fx - 1, fy - 1);
  const u = fade(fx);
  const v = fade(fy);
  const low = a + u * (b - a);
  const high = c + u * (d - c);
  return Math.SQRT2 * (low + v * (high - low));
}
