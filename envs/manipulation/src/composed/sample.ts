import { Rng, StateError, type Assignment, type Literal, type PlanStep } from "@reverie/core";
import { say } from "./instruction.ts";
import { crowdsPads, partialPlan, planKey, totalOrders, unseenScene, type PartialPlan } from "./references.ts";
import { cubeOf, sampleScene, type ComposedScene } from "./scene.ts";
import {
  hasHeldOutPair,
  HELD_OUT_PAIRS,
  lengthsOf,
  LONGEST_IN_TRAINING,
  seedOfSplit,
  SUBGOAL_KINDS,
  type ComposedSplit,
  type SubgoalKind,
} from "./splits.ts";
import {
  areConsistent,
  candidates,
  constraintLiteral,
  isHeldOutSubgoal,
  isSatisfiedAtStart,
  literalOf,
  sampleConstraints,
  type Constraint,
  type Subgoal,
} from "./subgoals.ts";

/** A composed task as data: a scene, what is asked in it, and plans that do it. */
export interface ComposedSample extends Required<Assignment> {
  readonly split: ComposedSplit;
  readonly scene: ComposedScene;
  /** In the order in which they are best reached; the goal's first literals. */
  readonly subgoals: readonly Subgoal[];
  /** The goal's other literals. */
  readonly constraints: readonly Constraint[];
  /** What the references are total orders of. */
  readonly plan: PartialPlan;
  /** Wordings that the instruction is made of. */
  readonly wordings: readonly string[];
  /** Whether the instruction refers to a thing by where it is. */
  readonly visual: boolean;
  /** Whether instruction and names alone leave the right plan open: it refers to places, or the scene is not as one would guess. */
  readonly needsPicture: boolean;
}

const KIND_WEIGHTS: Readonly<Record<SubgoalKind, number>> = {
  stack: 3,
  "in-drawer": 3,
  "in-bin": 3,
  "on-pad": 3,
  "on-table": 1,
  press: 2,
  open: 1,
  close: 2,
  hold: 0.8,
};
const TOTAL_WEIGHT = SUBGOAL_KINDS.reduce((sum, kind) => sum + KIND_WEIGHTS[kind], 0);
const MOST_ATTEMPTS = 20_000;
/** Most characters of an instruction: the observation space's limit. */
const LONGEST_TEXT = 500;

function drawKind(rng: Rng): SubgoalKind {
  let rest = rng.uniform(0, TOTAL_WEIGHT);
  for (const kind of SUBGOAL_KINDS) {
    rest -= KIND_WEIGHTS[kind];
    if (rest < 0) return kind;
  }
  return "stack";
}

/** How long, and which kinds it must have. */
interface Shape {
  readonly length: number;
  readonly kinds: readonly SubgoalKind[];
  /** Whether the length was drawn, so that it may grow. */
  readonly free: boolean;
}

function drawShape(rng: Rng, split: ComposedSplit, asked: number | undefined): Shape {
  const [fewest, most] = lengthsOf(split);
  const length = asked ?? rng.integer(fewest, most);
  if (split !== "held-out-compositions" || length > LONGEST_IN_TRAINING) return { length, kinds: [], free: asked === undefined };
  return { length, kinds: rng.choice(HELD_OUT_PAIRS), free: asked === undefined };
}

/** Whether a split may have these sub-goals, as far as they go. */
function isAllowed(split: ComposedSplit, subgoals: readonly Subgoal[]): boolean {
  if (split !== "held-out-objects" && subgoals.some(isHeldOutSubgoal)) return false;
  return split === "held-out-compositions" || !hasHeldOutPair(subgoals.map(({ kind }) => kind));
}

/** Whether sub-goals show what the split is for. */
function isOfSplit(split: ComposedSplit, subgoals: readonly Subgoal[]): boolean {
  if (split === "held-out-objects") return subgoals.some(isHeldOutSubgoal);
  if (split !== "held-out-compositions") return true;
  return subgoals.length > LONGEST_IN_TRAINING || hasHeldOutPair(subgoals.map(({ kind }) => kind));
}

/** Draws sub-goals that can hold together; undefined when the scene has no room for so many. */
function drawSubgoals(rng: Rng, scene: ComposedScene, split: ComposedSplit, { length, kinds }: Shape): Subgoal[] | undefined {
  const drawn: Subgoal[] = [];
  let satisfied = 0;
  for (let attempt = 0; attempt < 12 + 6 * length && drawn.length < length; attempt++) {
    const kind = kinds.find((needed) => drawn.every((subgoal) => subgoal.kind !== needed)) ?? drawKind(rng);
    const options = candidates(scene, kind);
    if (options.length === 0) {
      if (kinds.includes(kind)) return undefined;
      continue;
    }
    const subgoal =
      split === "held-out-objects" && drawn.length === 0
        ? rng.choice(options.some(isHeldOutSubgoal) ? options.filter(isHeldOutSubgoal) : options)
        : rng.choice(options);
    const idle = isSatisfiedAtStart(scene, subgoal);
    // One thing that is done already is enough, and never the only one; a cube that is where it belongs makes a good catch.
    if (idle && kind !== "close" && (satisfied > 0 || length === 1 || !rng.bernoulli(0.5))) continue;
    const next = [...drawn, subgoal];
    if (!areConsistent(scene, next) || !isAllowed(split, next)) continue;
    if (idle) satisfied++;
    drawn.push(subgoal);
  }
  if (drawn.length < length || !isOfSplit(split, drawn)) return undefined;
  return sorted(rng, scene, drawn);
}

/** In an order that a person might name them in: the drawer opened before and shut after it is used, what is held last. */
function sorted(rng: Rng, scene: ComposedScene, subgoals: readonly Subgoal[]): Subgoal[] {
  const early = rng.shuffle(subgoals.filter(({ kind }) => kind !== "hold" && kind !== "close"));
  const touches = early.map(({ object, target }) => target === "drawer" || cubeOf(scene, object)?.where === "drawer");
  const close = subgoals.filter(({ kind }) => kind === "close");
  early.splice(rng.integer(touches.lastIndexOf(true) + 1, early.length), 0, ...close);
  const opening = early.findIndex(({ kind }) => kind === "open");
  const first = touches.indexOf(true);
  if (opening > first && first >= 0) early.splice(first, 0, ...early.splice(opening, 1));
  // What something is stacked on is put there first.
  for (let i = 0; i < early.length; i++) {
    const base = early.findIndex(({ object }, j) => j > i && early[i]?.kind === "stack" && object === early[i]?.target);
    if (base > 0) early.splice(i, 0, ...early.splice(base, 1));
  }
  return [...early, ...subgoals.filter(({ kind }) => kind === "hold")];
}

/** Pairs of goal indices that stages stand for: each sub-goal waits for all of the stage before. */
function orderOf(stages: readonly number[]): [number, number][] {
  return stages.flatMap((stage, i) => stages.flatMap((later, j): [number, number][] => (j > i && later === stage + 1 ? [[i, j]] : [])));
}

/** Stages such that a plan can keep to them: a boundary that would make it run in a circle is dropped. */
function drawStages(
  rng: Rng,
  scene: ComposedScene,
  subgoals: readonly Subgoal[],
  others: boolean,
): { stages: number[]; plan: PartialPlan } {
  let stages = subgoals.map(() => 0);
  let plan = partialPlan(scene, subgoals, []);
  for (let i = 1; i < subgoals.length; i++) {
    if ((others && i === subgoals.length - 1) || !rng.bernoulli(0.4)) continue;
    const split = stages.map((stage, j) => (j >= i ? stage + 1 : stage));
    const ordered = partialPlan(scene, subgoals, orderOf(split));
    if (totalOrders(ordered, 1).length === 0) continue;
    stages = split;
    plan = ordered;
  }
  return { stages, plan };
}

/** Adds all cubes that are named nowhere else as two more sub-goals for a bin, when there are just two of them. */
function withOthers(
  scene: ComposedScene,
  split: ComposedSplit,
  subgoals: readonly Subgoal[],
  constraints: readonly Constraint[],
): Subgoal[] | undefined {
  const [bin] = scene.bins;
  if (bin === undefined || subgoals.some(({ kind }) => kind === "hold")) return undefined;
  const named = new Set([...subgoals.flatMap(({ object, target }) => [object, target]), ...constraints.map(({ object }) => object)]);
  const others = scene.cubes.filter(({ id }) => !named.has(id));
  if (others.length !== 2 || named.size === 0) return undefined;
  // What is to be left alone must not lie on one of them, or be the drawer that one of them is in.
  const bound = constraints.some(({ kind, object }) =>
    others.some(({ id, where }) => cubeOf(scene, object)?.where === id || (kind === "keep-shut" && where === object)),
  );
  if (bound) return undefined;
  const all = [...subgoals, ...others.map(({ id }) => ({ kind: "in-bin" as const, object: id, target: bin.id }))];
  if (others.every(({ where }) => where === bin.id) || !areConsistent(scene, all) || !isAllowed(split, all)) return undefined;
  return all;
}

function attempt(rng: Rng, split: ComposedSplit, shape: Shape): ComposedSample | undefined {
  const scene = sampleScene(rng);
  const single = drawSubgoals(rng, scene, split, shape);
  if (single === undefined) return undefined;
  const constraints = sampleConstraints(rng, scene, single);
  const [, most] = lengthsOf(split);
  const grown = shape.free && single.length + 2 <= most && rng.bernoulli(0.5) ? withOthers(scene, split, single, constraints) : undefined;
  const subgoals = grown ?? single;
  const { stages, plan } = drawStages(rng, scene, subgoals, grown !== undefined);
  const references: PlanStep[][] = totalOrders(plan);
  if (crowdsPads(plan) || references.length === 0 || references[0]?.length === 0) return undefined;
  const said = say(rng, scene, { subgoals, stages, constraints, others: grown !== undefined }, split === "held-out-wordings");
  if (said.text.length > LONGEST_TEXT) return undefined;
  const goal: Literal[] = [...subgoals.map(literalOf), ...constraints.map((constraint) => constraintLiteral(scene, constraint))];
  const guessed = partialPlan(unseenScene(scene, subgoals), subgoals, orderOf(stages));
  return {
    split,
    scene,
    subgoals,
    constraints,
    plan,
    wordings: said.wordings,
    visual: said.visual,
    needsPicture: said.visual || planKey(guessed) !== planKey(plan),
    instruction: said.text,
    goal,
    order: orderOf(stages),
    references,
  };
}

/**
 * Draws a composed task without any physics. The same generator, split and number give the same one; what other splits draw from
 * the same generator comes from streams of their own.
 * @param subgoals - how many; drawn from those of the split when undefined
 * @throws StateError when no scene had room, which 20,000 attempts rule out for the numbers that `lengthsOf` allows
 */
export function sampleComposed(rng: Rng, split: ComposedSplit = "train", subgoals?: number): ComposedSample {
  const own = new Rng(seedOfSplit(rng.uint32(), split));
  const shape = drawShape(own, split, subgoals);
  for (let i = 0; i < MOST_ATTEMPTS; i++) {
    const sample = attempt(own, split, shape);
    if (sample !== undefined) return sample;
  }
  throw new StateError(`No scene had room for ${subgoals ?? "the"} sub-goals of the split ${split}.`);
}
