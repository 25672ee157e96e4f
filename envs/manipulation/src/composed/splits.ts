import { InputError } from "@reverie/core";
import { COLOR_NAMES, type ColorName } from "../props/colors.ts";

// What is held out of training, and nothing else: the one place where the splits of composed tasks are fixed.

/** What a sub-goal asks for. */
export const SUBGOAL_KINDS = ["stack", "in-drawer", "in-bin", "on-pad", "on-table", "press", "open", "close", "hold"] as const;
export type SubgoalKind = (typeof SUBGOAL_KINDS)[number];

/**
 * `train`, and four splits that each differ from it in one thing: `held-out-seeds` in the random stream alone,
 * `held-out-wordings` in verbs and connectives, `held-out-objects` in which colour goes with which, and
 * `held-out-compositions` in length (5 or 6 sub-goals) or in a pair of sub-goal kinds that training never joins.
 */
export const COMPOSED_SPLITS = ["train", "held-out-seeds", "held-out-wordings", "held-out-objects", "held-out-compositions"] as const;
export type ComposedSplit = (typeof COMPOSED_SPLITS)[number];

/** Most sub-goals of one instruction: of training, and of held-out compositions. */
export const LONGEST_IN_TRAINING = 4;
export const LONGEST = 6;

/** Colours of what is moved and of where it goes; a permutation of the colours, so that each is still seen in either role. */
const HELD_OUT_OBJECTS: Readonly<Record<ColorName, ColorName>> = {
  red: "yellow",
  green: "orange",
  blue: "green",
  yellow: "purple",
  purple: "red",
  orange: "blue",
};

/** Kinds of sub-goals that no instruction of training has together. */
export const HELD_OUT_PAIRS: readonly (readonly [SubgoalKind, SubgoalKind])[] = [
  ["press", "stack"],
  ["in-bin", "open"],
  ["on-pad", "hold"],
  ["in-drawer", "on-pad"],
];

/** Whether moving a cube of one colour to a target of another is kept from training. */
export function isHeldOutCombination(moved: ColorName, target: ColorName): boolean {
  return HELD_OUT_OBJECTS[moved] === target;
}

/** Target colour that a colour is never moved to in training. */
export function heldOutTarget(moved: ColorName): ColorName {
  return HELD_OUT_OBJECTS[moved];
}

/** Whether these kinds hold a pair that training never joins. */
export function hasHeldOutPair(kinds: readonly SubgoalKind[]): boolean {
  return HELD_OUT_PAIRS.some(([a, b]) => kinds.includes(a) && kinds.includes(b));
}

/** Seeds are numbers below 2^32: the top three bits belong to the split, so two splits never share a random stream. */
const SEED_BITS = 29;
const SEEDS_OF_A_SPLIT = 0x2000_0000;

/** The seed that a split draws from in place of `seed`. Ranges of different splits are disjoint. */
export function seedOfSplit(seed: number, split: ComposedSplit): number {
  return COMPOSED_SPLITS.indexOf(split) * SEEDS_OF_A_SPLIT + (seed >>> (32 - SEED_BITS));
}

/** Fewest and most sub-goals that a split can be asked for. */
export function lengthsOf(split: ComposedSplit): readonly [fewest: number, most: number] {
  return split === "held-out-compositions" ? [2, LONGEST] : [1, LONGEST_IN_TRAINING];
}

/**
 * Reads `split` (`train` when absent) and `subgoals` (drawn when absent) from reset options.
 * @throws InputError for another split, or a number that the split does not have
 */
export function readComposedOptions(options: Readonly<Record<string, unknown>>): { split: ComposedSplit; subgoals: number | undefined } {
  const { split = "train", subgoals } = options;
  const known = COMPOSED_SPLITS.find((name) => name === split);
  if (known === undefined) throw new InputError("options.split", `expected ${COMPOSED_SPLITS.join(", ")}; got ${String(split)}.`);
  if (subgoals === undefined) return { split: known, subgoals };
  const [fewest, most] = lengthsOf(known);
  if (typeof subgoals !== "number" || !Number.isInteger(subgoals) || subgoals < fewest || subgoals > most) {
    throw new InputError(
      "options.subgoals",
      `expected an integer from ${fewest} to ${most} for the split ${known}, got ${String(subgoals)}.`,
    );
  }
  return { split: known, subgoals };
}

/** Colour in an id such as `red_cube`; undefined for what has none. */
export function colorOf(id: string): ColorName | undefined {
  const word = id.slice(0, id.indexOf("_"));
  return COLOR_NAMES.find((name) => name === word);
}
