import { InputError, Rng, type CameraImage, type SensorNoise } from "@reverie/core";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fastNormal } from "./fast-normal.ts";
import { Rasteriser } from "./rasteriser.ts";
import { SceneGraph } from "./scene-graph.ts";
import { applySensorNoise } from "./sensor-noise.ts";
import { sampleScene } from "./testing/sample-scene.ts";

/** An image of one grey and one depth. */
function flat(byte: number, depth = 1, size = 128): Required<Pick<CameraImage, "rgb" | "depth">> & CameraImage {
  const count = size * size;
  return {
    camera: "flat",
    width: size,
    height: size,
    rgb: new Uint8Array(3 * count).fill(byte),
    depth: new Float32Array(count).fill(depth),
    segmentation: new Uint16Array(count).fill(3),
  };
}

const linear = (byte: number): number => (byte <= 10 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4);

function momentsOf(values: ArrayLike<number>): { mean: number; variance: number } {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  const mean = sum / values.length;
  for (let i = 0; i < values.length; i++) squares += (values[i] - mean) * (values[i] - mean);
  return { mean, variance: squares / values.length };
}

const noisyLight = (byte: number, noise: SensorNoise): number[] => {
  const image = flat(byte);
  applySensorNoise(image, noise, new Rng(4));
  return Array.from(image.rgb, linear);
};

describe("fastNormal", () => {
  test("Has the moments and the tails of the standard normal distribution.", () => {
    const rng = new Rng(1);
    const count = 400_000;
    const draws = Float64Array.from({ length: count }, () => fastNormal(rng));
    const power = (n: number): number => draws.reduce((sum, x) => sum + x ** n, 0) / count;
    // Five standard errors; the variance of x^n is E[x^2n] - E[x^n]^2.
    expect(Math.abs(power(1))).toBeLessThan(5 * Math.sqrt(1 / count));
    expect(Math.abs(power(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / count));
    expect(Math.abs(power(3))).toBeLessThan(5 * Math.sqrt(15 / count));
    expect(Math.abs(power(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / count));
    for (const [edge, share] of [
      [0.5, 0.617075],
      [1, 0.317311],
      [2, 0.0455],
      [3, 0.0027],
      [3.6, 0.000318],
    ]) {
      const beyond = draws.filter((x) => Math.abs(x) > edge).length / count;
      expect(Math.abs(beyond - share)).toBeLessThan(5 * Math.sqrt(share / count));
    }
  });
});

describe("applySensorNoise", () => {
  test.each([
    ["photon noise", 188, { fullWellElectrons: 900 }],
    ["photon noise in the shade", 120, { fullWellElectrons: 3000 }],
    ["read-out noise", 150, { readNoise: 0.03 }],
    ["both", 170, { fullWellElectrons: 1500, readNoise: 0.02 }],
  ] as const)("%s has the variance of its formula, and leaves the mean.", (_name, byte, noise: SensorNoise) => {
    const { mean, variance } = momentsOf(noisyLight(byte, noise));
    const light = linear(byte);
    const expected = light / (noise.fullWellElectrons ?? Infinity) + (noise.readNoise ?? 0) ** 2;
    const count = 128 * 128 * 3;
    expect(Math.abs(mean - light)).toBeLessThan(5 * Math.sqrt(expected / count) + 1e-4);
    // Rounding to bytes adds the variance of a uniform step of the sRGB curve.
    const step = linear(byte + 1) - linear(byte);
    expect(Math.abs(variance - expected - step ** 2 / 12)).toBeLessThan(5 * expected * Math.sqrt(2 / count) + step ** 2 / 12);
  });

  test("Photon noise grows with the light: twice the light, twice the variance.", () => {
    const dark = momentsOf(noisyLight(137, { fullWellElectrons: 2000 }));
    const bright = momentsOf(noisyLight(188, { fullWellElectrons: 2000 }));
    expect(bright.variance / dark.variance).toBeCloseTo(linear(188) / linear(137), 1);
  });

  test("Blur spreads a point as a Gaussian of the deviation that is asked, and keeps its light.", () => {
    for (const deviation of [0.7, 1.5, 3]) {
      const image = flat(0);
      const { rgb, width } = image;
      // A square of white, so that its skirts are well above one byte.
      for (let y = 60; y < 68; y++) for (let x = 60; x < 68; x++) rgb.fill(255, 3 * (y * width + x), 3 * (y * width + x) + 3);
      applySensorNoise(image, { blurPixels: deviation }, new Rng(1));
      let total = 0;
      let spread = 0;
      for (let y = 0; y < width; y++) {
        for (let x = 0; x < width; x++) {
          const light = linear(rgb[3 * (y * width + x)]);
          total += light;
          spread += light * (x - 63.5) ** 2;
        }
      }
      expect(total / 64).toBeCloseTo(1, 1);
      // The square's own variance is (8^2 - 1) / 12.
      expect(Math.abs(Math.sqrt(spread / total - 63 / 12) / deviation - 1)).toBeLessThan(0.06);
    }
  });

  test("Blur leaves an even picture as it is, up to its edges.", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 255 }),
        fc.double({ min: 0.05, max: 16, noNaN: true }),
        fc.integer({ min: 1, max: 20 }),
        (byte, blurPixels, size) => {
          const image = flat(byte, 1, size);
          applySensorNoise(image, { blurPixels }, new Rng(1));
          expect(image.rgb.every((each) => each === byte)).toBe(true);
        },
      ),
      { numRuns: 60, seed: 2 },
    );
  });

  test("Depth errors grow with the square of the distance; lost pixels have the share that is asked.", () => {
    for (const metres of [0.5, 2]) {
      const image = flat(0, metres);
      applySensorNoise(image, { depthNoisePerMetre: 0.01 }, new Rng(6));
      const { mean, variance } = momentsOf(image.depth);
      const deviation = 0.01 * metres * metres;
      expect(Math.abs(mean - metres)).toBeLessThan((5 * deviation) / 128);
      expect(Math.abs(variance / deviation ** 2 - 1)).toBeLessThan(5 * Math.sqrt(2 / (128 * 128)));
    }
    const image = flat(0);
    applySensorNoise(image, { depthDropout: 0.1 }, new Rng(6));
    const lost = image.depth.filter((depth) => depth === Infinity).length / (128 * 128);
    expect(Math.abs(lost - 0.1)).toBeLessThan((5 * Math.sqrt(0.1 * 0.9)) / 128);
    expect(image.depth.every((depth) => depth === Infinity || depth === 1)).toBe(true);
  });

  test("Depth is never negative, and background stays background.", () => {
    const image = flat(0, 40);
    image.depth.fill(Infinity, 0, 100);
    applySensorNoise(image, { depthNoisePerMetre: 10 }, new Rng(6));
    expect(image.depth.every((depth) => depth >= 0)).toBe(true);
    expect(image.depth.subarray(0, 100).every((depth) => depth === Infinity)).toBe(true);
  });

  test("The same seed gives the same bytes; colour does not depend on depth, nor other channels on either.", () => {
    const graph = new SceneGraph(sampleScene());
    const noise = { blurPixels: 0.6, fullWellElectrons: 2000, readNoise: 0.01, depthDropout: 0.02, depthNoisePerMetre: 0.01 };
    const shot = (options: object, seed: number): CameraImage => {
      const image = new Rasteriser().render(graph, "table", { width: 60, height: 40, ...options });
      applySensorNoise(image, noise, new Rng(seed));
      return image;
    };
    const all = { depth: true, segmentation: true, normals: true };
    const first = shot(all, 3);
    expect(shot(all, 3)).toEqual(first);
    expect(shot({}, 3).rgb).toEqual(first.rgb);
    expect(shot(all, 4).rgb).not.toEqual(first.rgb);
    expect(shot(all, 4).depth).not.toEqual(first.depth);
    const clean = new Rasteriser().render(graph, "table", { width: 60, height: 40, ...all });
    expect(first.segmentation).toEqual(clean.segmentation);
    expect(first.normals).toEqual(clean.normals);
    expect(first.rgb).not.toEqual(clean.rgb);
  });

  test("No noise changes nothing.", () => {
    const image = flat(77);
    applySensorNoise(image, {}, new Rng(1));
    applySensorNoise(image, { blurPixels: 0, readNoise: 0, depthDropout: 0, depthNoisePerMetre: 0 }, new Rng(1));
    expect(image).toEqual(flat(77));
  });

  test.each([
    [{ blurPixels: 17 }, "sensor.blurPixels: expected pixels from 0 to 16, got 17."],
    [{ blurPixels: NaN }, "sensor.blurPixels"],
    [{ fullWellElectrons: 0 }, "sensor.fullWellElectrons: expected a number above 0"],
    [{ readNoise: -0.1 }, "sensor.readNoise"],
    [{ depthDropout: 2 }, "sensor.depthDropout"],
    [{ depthNoisePerMetre: Infinity }, "sensor.depthNoisePerMetre"],
    [{ grain: 1 }, "sensor.grain: is no noise level"],
    [null, "sensor: expected noise levels by name"],
  ])("Refuses %o.", (noise, message) => {
    const apply = (): void => applySensorNoise(flat(1), noise as SensorNoise, new Rng(1));
    expect(apply).toThrow(InputError);
    expect(apply).toThrow(message);
  });
});
