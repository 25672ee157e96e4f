import type { PlanStep } from "@reverie/core";
import { coverOf, type ComposedScene } from "./scene.ts";
import { isSatisfiedAtStart, isTouched, type Subgoal } from "./subgoals.ts";

// From sub-goals straight to plans: what must be done, what must come before what, and every order that keeps to it.

/** How many total orders are listed as references at most. */
export const MOST_REFERENCES = 12;

/** Steps that follow on one another without a break. */
export interface PlanBlock {
  readonly steps: readonly PlanStep[];
  /** Sub-goal that is reached by it; undefined for what only clears the way. */
  readonly subgoal: number | undefined;
}

/** A partially ordered plan: `before` lists pairs of block indices. */
export interface PartialPlan {
  readonly blocks: readonly PlanBlock[];
  readonly before: readonly (readonly [earlier: number, later: number])[];
}

const pick = (object: string): PlanStep => ({ skill: "pick", args: { object } });
const place = (object: string, target: string): PlanStep => ({ skill: "place", args: { object, target } });
const alone = (skill: string, object: string): PlanStep => ({ skill, args: { object } });

function stepsOf({ kind, object, target }: Subgoal): readonly PlanStep[] {
  if (kind === "press" || kind === "open" || kind === "close") return [alone(kind, object)];
  if (kind === "hold") return [pick(object)];
  return [pick(object), place(object, target)];
}

/**
 * The fewest steps that reach all sub-goals, as blocks with what must come before what. Opens the drawer when something in it or
 * for it is moved, takes down what lies on a cube that is needed, leaves out what holds already, and holds what is to be held last.
 */
export function partialPlan(
  scene: ComposedScene,
  subgoals: readonly Subgoal[],
  order: readonly (readonly [earlier: number, later: number])[],
): PartialPlan {
  const blocks: PlanBlock[] = [];
  const before: [number, number][] = [];
  const blockOf = new Map<number, number>();
  const moverOf = new Map<string, number>();
  const add = (block: PlanBlock): number => blocks.push(block) - 1;
  for (const [i, subgoal] of subgoals.entries()) {
    if (subgoal.kind === "open" || subgoal.kind === "close" || isSatisfiedAtStart(scene, subgoal)) continue;
    const at = add({ steps: stepsOf(subgoal), subgoal: i });
    blockOf.set(i, at);
    if (subgoal.kind !== "press") moverOf.set(subgoal.object, at);
  }
  // What lies on a cube that is lifted, or that another is put on, comes off first.
  for (const [i, at] of blockOf) {
    const { object, target, kind } = subgoals[i] as Subgoal;
    for (const needed of kind === "stack" ? [object, target] : [object]) {
      const cover = coverOf(scene, needed);
      if (cover === undefined || cover.id === object) continue;
      let off = moverOf.get(cover.id);
      if (off === undefined) {
        off = add({ steps: [pick(cover.id), place(cover.id, "table")], subgoal: undefined });
        moverOf.set(cover.id, off);
      }
      before.push([off, at]);
    }
    const base = kind === "stack" ? moverOf.get(target) : undefined;
    if (base !== undefined) before.push([base, at]);
  }
  // The drawer: open before anything goes in or out, shut after everything.
  const touching = [...blocks.keys()].filter((at) => blocks[at]?.steps.some(({ args }) => isTouched(scene, args)));
  const openGoal = subgoals.findIndex(({ kind }) => kind === "open");
  const closeGoal = subgoals.findIndex(({ kind }) => kind === "close");
  const opens = scene.drawer !== undefined && !scene.drawer.open && (touching.length > 0 || openGoal >= 0);
  if (opens) {
    const tabled = [...blocks.keys()].filter((at) => blocks[at]?.steps.some(({ args }) => args["target"] === "table"));
    const at = add({ steps: [alone("open", "drawer")], subgoal: openGoal < 0 ? undefined : openGoal });
    if (openGoal >= 0) blockOf.set(openGoal, at);
    // What is put on the table while the drawer is shut may stand in its way.
    for (const later of new Set([...touching, ...tabled])) before.push([at, later]);
  }
  if (closeGoal >= 0 && (opens || scene.drawer?.open === true)) {
    const last = blocks.length;
    if (opens) before.push([last - 1, last]);
    for (const at of touching) before.push([at, last]);
    blockOf.set(closeGoal, add({ steps: [alone("close", "drawer")], subgoal: closeGoal }));
  }
  const held = subgoals.findIndex(({ kind }) => kind === "hold");
  const holding = blockOf.get(held);
  for (const at of blocks.keys()) if (holding !== undefined && at !== holding) before.push([at, holding]);
  for (const [earlier, later] of order) {
    const a = blockOf.get(earlier);
    const b = blockOf.get(later);
    if (a !== undefined && b !== undefined) before.push([a, b]);
  }
  return { blocks, before };
}

/**
 * Whether something is put on the table and something else on a pad: a free spot of the table may lie on the pad, which then has
 * no room left.
 */
export function crowdsPads({ blocks }: PartialPlan): boolean {
  const targets = blocks.flatMap(({ steps }) => steps.map(({ args }) => args["target"] ?? ""));
  return targets.includes("table") && targets.some((target) => target.endsWith("_pad"));
}

/** Whether some blocks each wait for another of them. */
export function isCircular({ blocks, before }: PartialPlan): boolean {
  const done = new Set<number>();
  for (let round = 0; round <= blocks.length && done.size < blocks.length; round++) {
    for (const at of blocks.keys()) if (before.every(([earlier, later]) => later !== at || done.has(earlier))) done.add(at);
  }
  return done.size < blocks.length;
}

/**
 * Total orders of a partial plan, at most `MOST_REFERENCES`, that in which the sub-goals were named first; empty when the plan
 * runs in a circle.
 */
export function totalOrders({ blocks, before }: PartialPlan, most = MOST_REFERENCES): PlanStep[][] {
  if (isCircular({ blocks, before })) return [];
  // What clears the way comes right before the first thing that it clears the way for.
  const rank = blocks.map(({ subgoal }) => subgoal ?? Infinity);
  for (let round = 0; round < blocks.length; round++) {
    for (const [earlier, later] of before) {
      if (blocks[earlier]?.subgoal === undefined) {
        rank[earlier] = Math.min(rank[earlier] as number, (rank[later] as number) - 0.01);
      }
    }
  }
  const byRank = [...blocks.keys()].sort((a, b) => (rank[a] as number) - (rank[b] as number) || a - b);
  const plans: PlanStep[][] = [];
  const done: number[] = [];
  const extend = (): void => {
    if (done.length === blocks.length) plans.push(done.flatMap((at) => blocks[at]?.steps ?? []));
    for (const at of byRank) {
      if (plans.length >= most) return;
      if (done.includes(at) || before.some(([earlier, later]) => later === at && !done.includes(earlier))) continue;
      done.push(at);
      extend();
      done.pop();
    }
  };
  extend();
  return plans;
}

/**
 * The scene as one would guess it without a look: every cube by itself on the table, the drawer shut unless it is only to be
 * closed.
 */
export function unseenScene(scene: ComposedScene, subgoals: readonly Subgoal[]): ComposedScene {
  const onlyClosed = subgoals.some(({ kind }) => kind === "close") && subgoals.every(({ kind }) => kind !== "in-drawer");
  return {
    ...scene,
    drawer: scene.drawer === undefined ? undefined : { ...scene.drawer, open: onlyClosed },
    cubes: scene.cubes.map((cube) => ({ ...cube, where: "table" })),
  };
}

/** Equal for plans of the same steps under the same order. */
export function planKey({ blocks, before }: PartialPlan): string {
  const texts = blocks.map(({ steps }) => steps.map(({ skill, args }) => `${skill} ${Object.values(args).join(" ")}`).join(","));
  const edges = new Set(before.map(([earlier, later]) => `${texts[earlier]} < ${texts[later]}`));
  return [...texts.toSorted(), ...[...edges].sort()].join(";");
}
