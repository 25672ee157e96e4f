import type { Constraint } from "./subgoals.ts";
import type { SubgoalKind } from "./splits.ts";
import type { VisualRelation } from "./referring.ts";

/** Wordings of one thing: those of training, and those that only the split of held-out wordings uses. */
export interface Wordings {
  readonly train: readonly string[];
  readonly heldOut: readonly string[];
}

/** Clauses: `{x}` is what is handled, `{t}` where it goes. */
export const CLAUSES: Readonly<Record<SubgoalKind, Wordings>> = {
  stack: {
    train: ["put {x} on {t}", "stack {x} on top of {t}", "place {x} on {t}", "set {x} down on {t}"],
    heldOut: ["pile {x} onto {t}", "balance {x} on {t}"],
  },
  "on-pad": {
    train: ["put {x} on {t}", "place {x} on {t}", "set {x} down on {t}", "move {x} onto {t}"],
    heldOut: ["lay {x} on {t}", "park {x} on {t}"],
  },
  "in-bin": {
    train: ["put {x} in {t}", "drop {x} into {t}", "place {x} inside {t}", "move {x} into {t}"],
    heldOut: ["deposit {x} in {t}", "dump {x} into {t}"],
  },
  "in-drawer": {
    train: ["put {x} in {t}", "place {x} inside {t}", "store {x} in {t}", "move {x} into {t}"],
    heldOut: ["tuck {x} into {t}", "stash {x} in {t}"],
  },
  "on-table": {
    train: ["put {x} on the table", "set {x} down on the table", "place {x} back on the table"],
    heldOut: ["lay {x} on the table", "return {x} to the table"],
  },
  press: { train: ["press {x}", "push {x}", "push down {x}"], heldOut: ["hit {x}", "tap {x}"] },
  open: { train: ["open {x}", "pull {x} open", "pull open {x}"], heldOut: ["slide {x} open"] },
  close: { train: ["close {x}", "shut {x}", "push {x} shut"], heldOut: ["slide {x} shut", "slam {x}"] },
  hold: {
    train: ["pick up {x}", "lift {x}", "grab {x} and hold it up", "take {x} and hold it"],
    heldOut: ["hoist {x}", "raise {x} and keep it up"],
  },
};

/** What is to be left as it is. */
export const CONSTRAINTS: Readonly<Record<Constraint["kind"], Wordings>> = {
  leave: {
    train: ["leave {x} where it is", "do not touch {x}", "do not move {x}"],
    heldOut: ["keep away from {x}", "let {x} stay put"],
  },
  unpressed: { train: ["do not press {x}", "leave {x} alone"], heldOut: ["avoid {x}", "refrain from pressing {x}"] },
  "keep-open": { train: ["leave {x} open", "do not close {x}"], heldOut: ["let {x} remain open"] },
  "keep-shut": { train: ["leave {x} closed", "do not open {x}"], heldOut: ["let {x} remain closed"] },
};

/** Between two clauses of which the second must wait for the first. */
export const SEQUELS: Wordings = {
  train: [", then ", ". Then ", " and then ", ". After that, ", "; next, "],
  heldOut: [". Afterwards, ", ". Once that is done, ", "; thereafter, "],
};

/** Between two clauses in any order. */
export const ADDITIONS: Wordings = { train: [", ", " and ", ". Also, ", "; "], heldOut: [". Besides, ", ". In addition, "] };

/** Before the first clause. */
export const OPENERS: Wordings = {
  train: ["", "", "", "Please ", "Robot, ", "Your task: ", "I would like you to "],
  heldOut: ["Kindly ", "Now it is your turn: "],
};

/** For an instruction that is one sentence, as a question. */
export const QUESTIONS: Wordings = { train: ["Could you ", "Can you please "], heldOut: ["Would you mind if I asked you to "] };

/** Two clauses, told in the reverse of their order. `{later}` and `{earlier}` are clauses. */
export const REVERSED: Wordings = { train: ["before you {later}, {earlier}"], heldOut: ["{earlier}, and only thereafter {later}"] };

/** What a cube is called. */
export const CUBE_NOUNS: Wordings = { train: ["cube", "cube", "block"], heldOut: ["brick"] };

/** By place in the picture: `{n}` is a noun, `{t}` what it lies on, in or under. */
export const VISUAL_WORDINGS: Readonly<Record<VisualRelation, Wordings>> = {
  leftmost: { train: ["the leftmost {n}", "the {n} farthest to the left"], heldOut: ["the {n} at the far left"] },
  rightmost: { train: ["the rightmost {n}", "the {n} farthest to the right"], heldOut: ["the {n} at the far right"] },
  nearest: { train: ["the {n} nearest to the robot", "the {n} closest to the robot"], heldOut: ["the {n} least distant from the robot"] },
  farthest: { train: ["the {n} farthest from the robot"], heldOut: ["the {n} most distant from the robot"] },
  "in-drawer": { train: ["the {n} in {t}", "the {n} that is in {t}"], heldOut: ["the {n} that lies within {t}"] },
  "in-bin": { train: ["the {n} in {t}", "the {n} that is in {t}"], heldOut: ["the {n} that lies within {t}"] },
  "on-pad": { train: ["the {n} on {t}", "the {n} that is on {t}"], heldOut: ["the {n} that occupies {t}"] },
  "on-cube": { train: ["the {n} on top of {t}", "the {n} that is on {t}"], heldOut: ["the {n} that sits on {t}"] },
  "under-cube": { train: ["the {n} under {t}", "the {n} below {t}"], heldOut: ["the {n} underneath {t}"] },
};

/** All cubes that are named nowhere else. */
export const OTHER_CUBES: Wordings = { train: ["the other {n}s", "the other two {n}s"], heldOut: ["the remaining {n}s"] };

/** Every set of wordings. */
export const ALL_WORDINGS: readonly Wordings[] = [
  ...Object.values(CLAUSES),
  ...Object.values(CONSTRAINTS),
  SEQUELS,
  ADDITIONS,
  OPENERS,
  QUESTIONS,
  REVERSED,
  CUBE_NOUNS,
  ...Object.values(VISUAL_WORDINGS),
  OTHER_CUBES,
];
