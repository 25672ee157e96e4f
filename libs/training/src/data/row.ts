import { InputError, type PlanStep } from "@reverie/core";

// What a vision-language planner learns from: two pictures, a question, an answer.

/** Pixels along an edge of a picture. */
export const ROW_IMAGE = 128;
/** Pictures of a row. */
export const ROW_VIEWS = 2;
/** Bytes of a row's pictures: `[views, height, width, 3]`. */
export const ROW_IMAGE_BYTES = ROW_VIEWS * ROW_IMAGE * ROW_IMAGE * 3;
/** Patches of all pictures, 16 x 16 pixels each, row by row. */
export const ROW_PATCHES = ROW_VIEWS * (ROW_IMAGE / 16) ** 2;
/** What is known of each patch: what it shows, and what that lies on or in. */
export const ROW_PLANES = 2;
/** Bytes of a row's patch classes: `[planes, patches]`. */
export const ROW_PATCH_BYTES = ROW_PLANES * ROW_PATCHES;
/** Longest prompt or completion, UTF-16 code units. */
export const LONGEST_ROW_TEXT = 4_000;

export const ROW_KINDS = ["plan", "verify", "question"] as const;
export type RowKind = (typeof ROW_KINDS)[number];

/** What a reward knows of the scene that a plan is asked for. */
export interface PlanFacts {
  readonly instruction: string;
  /** Plans that do what was asked, best first. */
  readonly references: readonly (readonly PlanStep[])[];
  /** Names that a plan may hold. */
  readonly skills: readonly string[];
  readonly objects: readonly string[];
}

/** One example. */
export interface TrainingRow {
  readonly kind: RowKind;
  /** sRGB bytes `[2, 128, 128, 3]`: two cameras, or one before and after a step. */
  readonly images: Uint8Array;
  readonly prompt: string;
  readonly completion: string;
  /** `[2, 128]`: what each patch shows, and what that lies on or in, 0 where that is not asked. Their maker says what the numbers mean. */
  readonly patchClasses?: Uint8Array;
  /** Only of rows about the start of an episode; files do not keep it. */
  readonly plan?: PlanFacts;
  readonly task: string;
  readonly split: string;
  readonly seed: number;
}

const SHORTEST = { prompt: 1, completion: 1, task: 1, split: 1 } as const;
const LONGEST = { prompt: LONGEST_ROW_TEXT, completion: LONGEST_ROW_TEXT, task: 200, split: 64 } as const;

/**
 * Checks a row from outside: a file, another thread.
 * @throws InputError naming the field that is not what is allowed
 */
export function assertTrainingRow(row: TrainingRow, path = "row"): void {
  if (!ROW_KINDS.includes(row.kind)) throw new InputError(`${path}.kind`, `expected ${ROW_KINDS.join(", ")}.`);
  for (const name of ["prompt", "completion", "task", "split"] as const) {
    const value: unknown = row[name];
    if (typeof value !== "string" || value.length < SHORTEST[name] || value.length > LONGEST[name])
      throw new InputError(`${path}.${name}`, `expected a text of 1 to ${LONGEST[name]} characters.`);
  }
  if (!Number.isInteger(row.seed) || row.seed < 0 || row.seed > 0xffff_ffff)
    throw new InputError(`${path}.seed`, "expected an integer from 0 to 4294967295.");
  if (!(row.images instanceof Uint8Array) || row.images.length !== ROW_IMAGE_BYTES)
    throw new InputError(`${path}.images`, `expected ${ROW_IMAGE_BYTES} bytes.`);
  const { patchClasses } = row;
  if (patchClasses !== undefined && (!(patchClasses instanceof Uint8Array) || patchClasses.length !== ROW_PATCH_BYTES))
    throw new InputError(`${path}.patchClasses`, `expected ${ROW_PATCH_BYTES} bytes.`);
}

/** Pixels of a patch that a thing must have to be what the patch shows: about a third of a small cube seen from the ceiling. */
const LEAST_PIXELS = 8;

/**
 * What each patch shows: of the classes with enough pixels in it, the most prominent one, and among equals that with most pixels. Small
 * things are to be more prominent than what they lie on, because they never fill a patch.
 *
 * @param segmentation - `[128, 128]`: 0 = background, i + 1 = body i
 * @param classOfBody - class of body i at i; the background's class is 0
 * @param prominence - of each class, by its number
 * @param out - takes 64 classes from `offset` on
 */
export function patchClassesOf(
  segmentation: Uint16Array,
  classOfBody: Uint8Array,
  prominence: ArrayLike<number>,
  out: Uint8Array,
  offset: number,
): void {
  const side = ROW_IMAGE / 16;
  const counts = new Uint16Array(256);
  for (let patch = 0; patch < side * side; patch++) {
    counts.fill(0);
    const corner = Math.floor(patch / side) * 16 * ROW_IMAGE + (patch % side) * 16;
    for (let y = 0; y < 16; y++) {
      for (let x = 0; x < 16; x++) {
        const id = segmentation[corner + y * ROW_IMAGE + x]!;
        counts[id === 0 ? 0 : classOfBody[id - 1]!]!++;
      }
    }
    let best = -1;
    for (let k = 0; k < prominence.length; k++) {
      if (counts[k]! < LEAST_PIXELS) continue;
      const ahead = best < 0 ? 1 : prominence[k]! - prominence[best]! || counts[k]! - counts[best]!;
      if (ahead > 0) best = k;
    }
    out[offset + patch] = Math.max(0, best);
  }
}
