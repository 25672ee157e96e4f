import { exact, InputError, type CameraImage, type Rng, type SensorNoise } from "@reverie/core";
import { fastNormal } from "./fast-normal.ts";
import { ENTRIES_PER_UNIT, PLAIN_BYTES } from "./srgb.ts";

const LAST = ENTRIES_PER_UNIT - 1;
/** The blur's kernel ends at this many standard deviations. */
const KERNEL_REACH = 3;

/** Linear light in [0, 1] of an sRGB byte. */
const LINEAR: Float32Array = Float32Array.from({ length: 256 }, (_, byte) => {
  const v = byte / 255;
  return v <= 0.04045 ? v / 12.92 : exact.pow((v + 0.055) / 1.055, 2.4);
});

const LIMITS: readonly (readonly [keyof SensorNoise, number, number, string])[] = [
  ["blurPixels", 0, 16, "pixels from 0 to 16"],
  ["fullWellElectrons", Number.MIN_VALUE, Number.MAX_VALUE, "a number above 0"],
  ["readNoise", 0, 1, "a share from 0 to 1"],
  ["depthDropout", 0, 1, "a share from 0 to 1"],
  ["depthNoisePerMetre", 0, Number.MAX_VALUE, "a number of 0 or more"],
];

/** @throws InputError when a level is outside its range, or the value is no set of levels */
export function assertSensorNoise(noise: unknown, path = "sensor"): asserts noise is SensorNoise {
  if (typeof noise !== "object" || noise === null || Array.isArray(noise)) {
    throw new InputError(path, `expected noise levels by name: ${LIMITS.map(([name]) => name).join(", ")}.`);
  }
  for (const name of Object.keys(noise)) {
    if (!LIMITS.some(([known]) => known === name)) {
      throw new InputError(`${path}.${name}`, `is no noise level; allowed are ${LIMITS.map(([known]) => known).join(", ")}.`);
    }
  }
  for (const [name, low, high, allowed] of LIMITS) {
    const value = (noise as SensorNoise)[name] as unknown;
    if (value === undefined) continue;
    if (typeof value !== "number" || !(value >= low && value <= high)) {
      throw new InputError(`${path}.${name}`, `expected ${allowed}, got ${String(value)}.`);
    }
  }
}

// Kept from frame to frame; nothing is read before it is written.
let light = new Float32Array(0);
let across = new Float32Array(0);
let line = new Float32Array(0);

/** Weights of a Gaussian at 0, 1, ... pixels, their mirrored sum 1. */
function halfKernel(deviation: number): Float64Array {
  const kernel = new Float64Array(Math.ceil(KERNEL_REACH * deviation) + 1);
  let sum = 0;
  for (let i = 0; i < kernel.length; i++) {
    kernel[i] = exact.exp((-0.5 * i * i) / (deviation * deviation));
    sum += i === 0 ? kernel[i] : 2 * kernel[i];
  }
  for (let i = 0; i < kernel.length; i++) kernel[i] /= sum;
  return kernel;
}

/** Blurs `light` (`[height, width, 3]`), rows first; beyond the edge the edge goes on. */
function blur(width: number, height: number, kernel: Float64Array): void {
  const stride = 3 * width;
  const reach = kernel.length - 1;
  const pad = 3 * reach;
  if (across.length < light.length) across = new Float32Array(light.length);
  if (line.length < stride + 2 * pad) line = new Float32Array(stride + 2 * pad);
  const center = kernel[0];
  for (let y = 0; y < height; y++) {
    const row = y * stride;
    for (let i = 0; i < pad; i++) {
      line[i] = light[row + (i % 3)];
      line[pad + stride + i] = light[row + stride - 3 + (i % 3)];
    }
    for (let i = 0; i < stride; i++) line[pad + i] = light[row + i];
    for (let i = 0, at = pad; i < stride; i++, at++) {
      let sum = center * line[at];
      for (let k = 1, o = 3; k <= reach; k++, o += 3) sum += kernel[k] * (line[at - o] + line[at + o]);
      across[row + i] = sum;
    }
  }
  for (let y = 0; y < height; y++) {
    const row = y * stride;
    for (let i = 0; i < stride; i++) light[row + i] = center * across[row + i];
    for (let k = 1; k <= reach; k++) {
      const weight = kernel[k];
      const above = Math.max(0, y - k) * stride;
      const below = Math.min(height - 1, y + k) * stride;
      for (let i = 0; i < stride; i++) light[row + i] += weight * (across[above + i] + across[below + i]);
    }
  }
}

function disturbColor({ rgb, width, height }: CameraImage, noise: SensorNoise, rng: Rng): void {
  const { blurPixels = 0, fullWellElectrons, readNoise = 0 } = noise;
  const noisy = fullWellElectrons !== undefined || readNoise > 0;
  if (blurPixels === 0 && !noisy) return;
  const count = rgb.length;
  if (light.length < count) light = new Float32Array(count);
  for (let i = 0; i < count; i++) light[i] = LINEAR[rgb[i]];
  if (blurPixels > 0) blur(width, height, halfKernel(blurPixels));
  if (!noisy) {
    for (let i = 0; i < count; i++) rgb[i] = PLAIN_BYTES[(light[i] * LAST + 0.5) | 0];
    return;
  }
  const shot = fullWellElectrons === undefined ? 0 : 1 / fullWellElectrons;
  const read = readNoise * readNoise;
  for (let i = 0; i < count; i++) {
    const v = light[i];
    const measured = v + Math.sqrt(v * shot + read) * fastNormal(rng);
    rgb[i] = PLAIN_BYTES[measured <= 0 ? 0 : measured >= 1 ? LAST : (measured * LAST + 0.5) | 0];
  }
}

function disturbDepth(depth: Float32Array, { depthDropout = 0, depthNoisePerMetre = 0 }: SensorNoise, rng: Rng): void {
  if (depthNoisePerMetre > 0) {
    const errors = rng.split("error");
    for (let i = 0; i < depth.length; i++) {
      const metres = depth[i];
      // Drawn for the background as well: what one pixel sees changes no other's error.
      const error = depthNoisePerMetre * metres * metres * fastNormal(errors);
      if (metres < Infinity) depth[i] = Math.max(0, metres + error);
    }
  }
  if (depthDropout > 0) {
    const losses = rng.split("dropout");
    const threshold = depthDropout * 4294967296;
    for (let i = 0; i < depth.length; i++) if (losses.uint32() < threshold) depth[i] = Infinity;
  }
}

/**
 * Makes a perfect picture one of a real sensor, in place: `rgb` is blurred and gets photon and read-out noise in linear light, `depth`
 * gets its errors and lost pixels. Noise in linear light v has the variance `v / fullWellElectrons + readNoise^2` (the photon
 * transfer model of EMVA 1288, photon noise as its normal limit) before it is clipped to [0, 1] and rounded to a byte. All other
 * channels stay as they are.
 *
 * @param rng - read, not advanced: colour and depth take splits of their own, so that asking for one does not change the other
 * @throws InputError when a level is outside its range
 */
export function applySensorNoise(image: CameraImage, noise: SensorNoise, rng: Rng): void {
  assertSensorNoise(noise);
  disturbColor(image, noise, rng.split("color"));
  if (image.depth !== undefined) disturbDepth(image.depth, noise, rng.split("depth"));
}
