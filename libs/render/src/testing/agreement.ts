import type { CameraImage } from "@reverie/core";

// How far two pictures of one state are apart.

export interface Agreement {
  /** Share of pixels with the same segmentation id. */
  readonly segmentation: number;
  /** Share of the pixels that both pictures cover whose depths differ by less than a millimetre. */
  readonly depth: number;
  /** Peak signal-to-noise ratio of the colours, dB; Infinity where they are equal. */
  readonly psnr: number;
}

/** PSNR in dB of two `[height, width, 3]` pictures with bytes. */
function psnrOf(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return 10 * Math.log10((255 * 255 * a.length) / sum);
}

/** Compares two pictures of equal size, both with depth and segmentation. */
export function agreementOf(a: CameraImage, b: CameraImage): Agreement {
  const { depth: depthA, segmentation: idsA } = a;
  const { depth: depthB, segmentation: idsB } = b;
  if (depthA === undefined || depthB === undefined || idsA === undefined || idsB === undefined) {
    throw new Error("Both pictures need depth and segmentation.");
  }
  let same = 0;
  let covered = 0;
  let close = 0;
  for (let i = 0; i < idsA.length; i++) {
    if (idsA[i] === idsB[i]) same++;
    if (depthA[i] === Infinity || depthB[i] === Infinity) continue;
    covered++;
    if (Math.abs(depthA[i] - depthB[i]) < 1e-3) close++;
  }
  return { segmentation: same / idsA.length, depth: close / covered, psnr: psnrOf(a.rgb, b.rgb) };
}
