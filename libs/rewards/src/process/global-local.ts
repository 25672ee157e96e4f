import { InputError } from "@reverie/core";
import { clamp } from "../transforms/finite.ts";

// SRUM (2025, https://arxiv.org/abs/2510.12784), there a weight map over an image; steps of a plan are transferred.

/** What covers a place where several regions overlap. */
export type OverlapRule = "mean" | "max" | "min";

/** A stretch of steps with its score. */
export interface StepRegion {
  /** From the first step to the one after the last. */
  readonly span: readonly [start: number, end: number];
  /** In [-1, 1]; outside counts as the nearest end. */
  readonly score: number;
}

/** A part of an image with its score. */
export interface ImageRegion {
  /** Pixels: left, top, and the ones after right and bottom. */
  readonly box: readonly [left: number, top: number, right: number, bottom: number];
  /** In [-1, 1]; outside counts as the nearest end. */
  readonly score: number;
}

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

const LARGEST_SIZE = 2 ** 24;

/**
 * Global times local credit: every step weighs (score + 1) / 2 of its region, or one half where no region is, times
 * (global + 1) / 2. SRUM (https://arxiv.org/abs/2510.12784). Its code lets the background of one half win over a lower score, so that a bad region
 * cannot lower anything; here it does, as its comments intend. Regions are clipped to the plan, malformed ones are left out.
 *
 * @param global - score of the whole, in [-1, 1]
 * @param steps - how many steps there are
 * @param overlap - default "mean" (the code has "max")
 * @returns one weight in [0, 1] for each step
 * @throws InputError when the global score is NaN or the number of steps is no integer from 0 to 2^24
 */
export function globalLocalReward(local: readonly StepRegion[], global: number, steps: number, overlap: OverlapRule = "mean"): number[] {
  const boxes = local
    .filter(({ span }) => isNumbers(span, 2))
    .map(({ span, score }) => ({ box: [span[0], 0, span[1], 1] as const, score }));
  requireSize("steps", steps);
  return weigh(boxes, global, { width: steps, height: 1 }, overlap);
}

/**
 * `globalLocalReward` over the pixels of an image, such as the regions that a planner named (https://arxiv.org/abs/2510.12784).
 *
 * @returns width * height weights in [0, 1], row by row from the top
 * @throws InputError when the global score is NaN, or a side is no integer of at least 0 or both make more than 2^24 pixels
 */
export function globalLocalImageReward(
  local: readonly ImageRegion[],
  global: number,
  size: ImageSize,
  overlap: OverlapRule = "mean",
): number[] {
  requireSize("width", size.width);
  requireSize("height", size.height);
  requireSize("width * height", size.width * size.height);
  return weigh(local, global, size, overlap);
}

function weigh(local: readonly ImageRegion[], global: number, { width, height }: ImageSize, overlap: OverlapRule): number[] {
  if (Number.isNaN(global)) throw new InputError("global", "expected a number in [-1, 1], got NaN.");
  if (!Object.hasOwn(MERGES, overlap)) throw new InputError("overlap", `expected "mean", "max" or "min", got "${overlap as string}".`);
  const merge = MERGES[overlap];
  const weights = new Float64Array(width * height);
  const counts = new Uint32Array(width * height);
  for (const { box, score } of local) {
    if (!isNumbers(box, 4) || !Number.isFinite(score)) continue;
    const [left, right] = [Math.max(0, Math.floor(box[0])), Math.min(width, Math.ceil(box[2]))];
    const [top, bottom] = [Math.max(0, Math.floor(box[1])), Math.min(height, Math.ceil(box[3]))];
    const weight = unit(score);
    for (let y = top; y < bottom; y++) {
      for (let at = y * width + left; at < y * width + right; at++) {
        const count = counts[at]!;
        weights[at] = count === 0 ? weight : merge(weights[at]!, weight, count);
        counts[at] = count + 1;
      }
    }
  }
  return Array.from(weights, (weight, at) => (counts[at] === 0 ? 0.5 : weight) * unit(global));
}

/** From what covers a place so far, the next weight and the number so far. */
const MERGES: Readonly<Record<OverlapRule, (so: number, next: number, count: number) => number>> = {
  mean: (so, next, count) => so + (next - so) / (count + 1),
  max: (so, next) => Math.max(so, next),
  min: (so, next) => Math.min(so, next),
};

/** From [-1, 1] to [0, 1]. */
const unit = (score: number): number => (clamp(score, -1, 1) + 1) / 2;

const isNumbers = (values: unknown, length: number): boolean =>
  Array.isArray(values) && values.length === length && values.every((value) => Number.isFinite(value));

function requireSize(path: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0 || value > LARGEST_SIZE) {
    throw new InputError(path, `expected an integer from 0 to ${LARGEST_SIZE}, got ${value}.`);
  }
}
