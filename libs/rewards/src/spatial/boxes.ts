import { InputError } from "@reverie/core";

// Talk2Move (2026, https://arxiv.org/abs/2601.02356): spatial rewards from the named object's box and orientation, before and after.
// The formulas are those of the released code (translation_scorer.py, resize_scorer.py, unified_scorer.py).

/** Left, top, right, bottom in pixels; x to the right, y down. */
export type ImageBox = readonly [left: number, top: number, right: number, bottom: number];

export type ImageDirection = "left" | "right" | "up" | "down";
export type SizeChange = "bigger" | "smaller";
export type Axis = "x" | "y" | "z";

/** Angles about the three axes, in degrees. */
export type Angles = Readonly<Record<Axis, number>>;

export interface DeadZoneOptions {
  /** Share of the two box sizes together that a movement must exceed to count; the paper's code: 0.1. */
  readonly deadZone?: number;
}

const LARGEST_COORDINATE = 1e9;

/** @throws InputError when the box is not four ordered numbers of at most 1e9 in size */
function checkBox(path: string, box: ImageBox): void {
  if (!box.every((value) => Math.abs(value) <= LARGEST_COORDINATE) || box[2] < box[0] || box[3] < box[1]) {
    throw new InputError(path, `expected [left, top, right, bottom] with left <= right and top <= bottom, got [${box.join(", ")}].`);
  }
}

/** A coordinate difference less the dead zone around zero. */
export function shrink(difference: number, deadZone: number): number {
  return Math.max(Math.abs(difference) - deadZone, 0) * Math.sign(difference);
}

/** Movement of the box's centre after the dead zone, over the length of the whole movement: each part in [-1, 1]; undefined inside the dead zone. */
function movement(before: ImageBox, after: ImageBox, { deadZone = 0.1 }: DeadZoneOptions): readonly [number, number] | undefined {
  checkBox("before", before);
  checkBox("after", after);
  const x = (after[0] + after[2] - before[0] - before[2]) / 2;
  const y = (after[1] + after[3] - before[1] - before[3]) / 2;
  const keptX = shrink(x, deadZone * (after[2] - after[0] + before[2] - before[0]));
  const keptY = shrink(y, deadZone * (after[3] - after[1] + before[3] - before[1]));
  if (Math.sqrt(keptX * keptX + keptY * keptY) < 1e-3) return undefined;
  const length = Math.sqrt(x * x + y * y);
  return [keptX / length, keptY / length];
}

/**
 * Reward for moving an object in an image, in [0, 1]: the share of the movement that lies in the asked direction and outside the dead
 * zone of 0.1 of the two widths (heights) together.
 *
 * Talk2Move 2026, translation scorer of the released code: https://arxiv.org/abs/2601.02356. One axis is rewarded at a time.
 *
 * @param before - undefined when the object was not found: reward 0
 * @param after - likewise
 * @throws InputError when a box is not ordered or not finite
 */
export function translationReward(
  before: ImageBox | undefined,
  after: ImageBox | undefined,
  direction: ImageDirection,
  options: DeadZoneOptions = {},
): number {
  if (before === undefined || after === undefined) return 0;
  const moved = movement(before, after, options);
  if (moved === undefined) return 0;
  const along = direction === "left" || direction === "right" ? moved[0] : moved[1];
  const signed = direction === "right" || direction === "down" ? along : -along;
  return signed > 0.01 ? signed : 0;
}

/**
 * Reward for leaving an object where it is, in [0, 1]: 1 - (|dx| + |dy|) / 2 of the normalised movement; 1 inside the dead zone.
 *
 * Talk2Move 2026 (the position term beside rotation): https://arxiv.org/abs/2601.02356. A lost object earns 0.
 *
 * @throws InputError when a box is not ordered or not finite
 */
export function keepPutReward(before: ImageBox | undefined, after: ImageBox | undefined, options: DeadZoneOptions = {}): number {
  if (before === undefined || after === undefined) return 0;
  const moved = movement(before, after, options);
  return moved === undefined ? 1 : 1 - (Math.abs(moved[0]) + Math.abs(moved[1])) / 2;
}

/**
 * Reward of size ratios against a target ratio, in [0, 1]: 1 - mean |ratio - target| / 2, cut off at 0.
 *
 * @param ratios - growth along each axis for "bigger", its inverse for "smaller"
 */
export function ratioReward(ratios: readonly number[], target: number): number {
  if (!(target >= 1 && target <= LARGEST_COORDINATE)) throw new InputError("ratio", `expected a number from 1 to 1e9, got ${target}.`);
  const error = ratios.reduce((sum, ratio) => sum + Math.abs(ratio - target), 0);
  return Number.isFinite(error) ? Math.max(0, 1 - error / (2 * ratios.length)) : 0;
}

/**
 * Reward for resizing an object in an image, in [0, 1]: 1 - (|rw - q| + |rh - q|) / 4, with rw, rh the ratios of width and height in
 * the asked sense and q the target ratio.
 *
 * Talk2Move 2026, resize scorer of the released code: https://arxiv.org/abs/2601.02356. The cut at 0 is our choice.
 *
 * @param ratio - target, at least 1, for both senses
 * @throws InputError when a box is not ordered or not finite, or the ratio is below 1
 */
export function scaleReward(before: ImageBox | undefined, after: ImageBox | undefined, change: SizeChange, ratio: number): number {
  if (before === undefined || after === undefined) return 0;
  checkBox("before", before);
  checkBox("after", after);
  const [small, large] = change === "bigger" ? [before, after] : [after, before];
  return ratioReward([(large[2] - large[0]) / (small[2] - small[0]), (large[3] - large[1]) / (small[3] - small[1])], ratio);
}

/** An asked turn: right-handed about the axis for positive degrees. */
export interface TurnCommand {
  readonly axis: Axis;
  /** In [-180, 180], not 0. */
  readonly degrees: number;
}

export interface RotationOptions {
  /**
   * "bounded" (default, ours): (axis + sense + sense max(0, 1 - error / 180)) / 3, in [0, 1].
   * "released": (axis + sense - sense error / 180) / 3, at most 2/3.
   */
  readonly form?: "bounded" | "released";
  /** Turns below this many degrees earn nothing; the paper's code: 10. */
  readonly deadZoneDegrees?: number;
}

/** The same angle in (-180, 180] degrees. */
export function wrapDegrees(degrees: number): number {
  const wrapped = degrees - 360 * Math.floor(degrees / 360);
  return wrapped > 180 ? wrapped - 360 : wrapped;
}

/**
 * Reward for turning an object, in [0, 1]: a third each for the axis (the asked one turned most), the sense, and the angle.
 *
 * Talk2Move 2026, rotation in the released unified scorer: https://arxiv.org/abs/2601.02356. Signed angles about every axis (the
 * release has a sense about z only) and the bounded form are our choice. For half a turn either sense is right, as in the release.
 *
 * @param turned - angles after less angles before, in degrees, any multiple of 360 added
 * @throws InputError when the command or an angle is not finite or the command is out of range
 */
export function rotationReward(
  turned: Angles,
  command: TurnCommand,
  { form = "bounded", deadZoneDegrees = 10 }: RotationOptions = {},
): number {
  const asked = command.degrees;
  if (!(Math.abs(asked) <= 180) || asked === 0) {
    throw new InputError("command.degrees", `expected a turn in [-180, 180] other than 0, got ${asked}.`);
  }
  const size = (axis: Axis): number => {
    if (!(Math.abs(turned[axis]) <= LARGEST_COORDINATE)) {
      throw new InputError(`turned.${axis}`, `expected degrees of at most 1e9 in size, got ${turned[axis]}.`);
    }
    return Math.abs(wrapDegrees(turned[axis]));
  };
  const largest = Math.max(size("x"), size("y"), size("z"));
  if (size(command.axis) < deadZoneDegrees) return 0;
  const angle = wrapDegrees(turned[command.axis]);
  const axisRight = size(command.axis) === largest ? 1 : 0;
  const senseRight = Math.abs(asked) === 180 || Math.sign(angle) === Math.sign(asked) ? 1 : 0;
  const error = Math.abs(wrapDegrees(angle - asked)) / 180;
  const accuracy = form === "bounded" ? Math.max(0, 1 - error) : -error;
  return Math.max(0, (axisRight + senseRight + senseRight * accuracy) / 3);
}
