import type { Literal, Rng } from "@reverie/core";
import { colorOf, isHeldOutCombination, type SubgoalKind } from "./splits.ts";
import { coverOf, cubeOf, type ComposedScene } from "./scene.ts";

// What can be asked in a scene, and which of it can be asked together.

/** One thing to bring about. `object` is a cube, a button or the drawer; `target` is where a cube goes, else "". */
export interface Subgoal {
  readonly kind: SubgoalKind;
  readonly object: string;
  readonly target: string;
}

/** Something to leave as it is. */
export interface Constraint {
  readonly kind: "leave" | "unpressed" | "keep-open" | "keep-shut";
  readonly object: string;
}

const ON_KINDS: ReadonlySet<SubgoalKind> = new Set(["stack", "on-pad", "on-table"]);

/** Whether a sub-goal moves a cube to somewhere. */
export function isPlacement({ kind }: Subgoal): boolean {
  return kind === "in-drawer" || kind === "in-bin" || ON_KINDS.has(kind);
}

export function literalOf({ kind, object, target }: Subgoal): Literal {
  switch (kind) {
    case "in-drawer":
    case "in-bin":
      return { fact: ["in", object, target] };
    case "press":
      return { fact: ["pressed", object] };
    case "hold":
      return { fact: ["holding", object] };
    case "open":
      return { fact: ["open", object] };
    case "close":
      return { fact: ["open", object], negated: true };
    default:
      return { fact: ["on", object, target] };
  }
}

export function constraintLiteral(scene: ComposedScene, { kind, object }: Constraint): Literal {
  if (kind === "unpressed") return { fact: ["pressed", object], negated: true };
  if (kind !== "leave") return { fact: ["open", object], negated: kind === "keep-shut" };
  const where = cubeOf(scene, object)?.where ?? "table";
  return { fact: [where === "drawer" || where.endsWith("_bin") ? "in" : "on", object, where] };
}

/** Whether a sub-goal holds before anything is done. A drawer that must be opened on the way is looked at by the plan. */
export function isSatisfiedAtStart(scene: ComposedScene, { kind, object, target }: Subgoal): boolean {
  if (kind === "open") return scene.drawer?.open === true;
  if (kind === "close") return scene.drawer?.open === false;
  return kind !== "press" && kind !== "hold" && cubeOf(scene, object)?.where === target;
}

/** Whether a step reaches into the drawer. */
export function isTouched(scene: ComposedScene, args: Readonly<Record<string, string>>): boolean {
  return args["target"] === "drawer" || cubeOf(scene, args["object"] ?? "")?.where === "drawer";
}

const ids = (things: readonly { readonly id: string }[]): string[] => things.map(({ id }) => id);

/** Every sub-goal that a scene has room for on its own, one kind at a time. */
export function candidates(scene: ComposedScene, kind: SubgoalKind): Subgoal[] {
  const { cubes, pads, bins, buttons, drawer } = scene;
  // A cube deep in a bin leaves no room for the fingers: it stays there.
  const free = cubes.filter(({ where }) => !where.endsWith("_bin"));
  const to = (from: readonly { readonly id: string }[], targets: readonly string[]): Subgoal[] =>
    from.flatMap(({ id }) => targets.filter((target) => target !== id).map((target) => ({ kind, object: id, target })));
  switch (kind) {
    case "stack":
      return to(free, ids(free));
    case "in-drawer":
      return drawer === undefined ? [] : to(free, ["drawer"]);
    case "in-bin":
      return to(cubes, ids(bins)).filter(({ object, target }) => {
        const where = cubeOf(scene, object)?.where ?? "";
        return !where.endsWith("_bin") || where === target;
      });
    case "on-pad":
      return to(free, ids(pads));
    case "on-table":
      return to(
        free.filter(({ where }) => where === "drawer" || where.endsWith("_cube")),
        ["table"],
      );
    case "press":
      return to(buttons, [""]);
    case "hold":
      return to(free, [""]);
    default:
      return drawer === undefined ? [] : [{ kind, object: "drawer", target: "" }];
  }
}

/** Where a cube is at the end, as the sub-goals have it; undefined when it is in the hand. */
function finalPlace(scene: ComposedScene, subgoals: readonly Subgoal[], id: string): string | undefined {
  const own = subgoals.find((subgoal) => subgoal.object === id);
  if (own?.kind === "hold") return undefined;
  return own?.target ?? cubeOf(scene, id)?.where;
}

/**
 * Whether all sub-goals can hold at the end, with room for everything: one cube on a pad or in the drawer, two in a bin, stacks of
 * two.
 */
export function areConsistent(scene: ComposedScene, subgoals: readonly Subgoal[]): boolean {
  const objects = subgoals.map(({ object }) => object);
  if (new Set(objects).size < objects.length || subgoals.filter(({ kind }) => kind === "hold").length > 1) return false;
  const newTo = (target: string): number =>
    subgoals.filter((subgoal) => subgoal.target === target && !isSatisfiedAtStart(scene, subgoal)).length;
  const residents = (target: string): number => scene.cubes.filter(({ where }) => where === target).length;
  for (const subgoal of subgoals) {
    const { kind, object, target } = subgoal;
    const satisfied = isSatisfiedAtStart(scene, subgoal);
    if (kind === "on-pad" && newTo(target) + residents(target) > 1) return false;
    if (kind === "in-drawer" && newTo(target) + residents(target) > 1) return false;
    if (kind === "in-bin" && newTo(target) + residents(target) > 2) return false;
    if (kind === "stack") {
      if (newTo(target) > 1 || subgoals.some((other) => other.target === object)) return false;
      const base = finalPlace(scene, subgoals, target);
      if (base === undefined || base === "drawer" || base.endsWith("_bin") || base.endsWith("_cube")) return false;
      // What stays on a cube keeps it where it is.
      if (satisfied && objects.includes(target)) return false;
      if (!satisfied && subgoals.some((other) => other.target === target && other !== subgoal)) return false;
    }
    // A cube that is to stay on another, or is lifted last, keeps that one from being moved.
    const below = cubeOf(scene, object)?.where ?? "";
    if (satisfied && below.endsWith("_cube") && objects.includes(below)) return false;
  }
  return true;
}

/** Whether a sub-goal joins colours that training never joins. */
export function isHeldOutSubgoal({ object, target }: Subgoal): boolean {
  const moved = colorOf(object);
  const to = colorOf(target);
  return moved !== undefined && to !== undefined && isHeldOutCombination(moved, to);
}

/** Cubes and buttons that a plan for these sub-goals moves, presses, or builds on. */
function involved(scene: ComposedScene, subgoals: readonly Subgoal[]): Set<string> {
  const ids = new Set<string>();
  for (const { object, target } of subgoals) {
    for (const id of [object, target]) {
      ids.add(id);
      const cover = coverOf(scene, id);
      if (cover !== undefined) ids.add(cover.id);
    }
  }
  return ids;
}

/** Up to two things to leave as they are, none of which a right plan would touch. */
export function sampleConstraints(rng: Rng, scene: ComposedScene, subgoals: readonly Subgoal[]): Constraint[] {
  const busy = involved(scene, subgoals);
  const constraints: Constraint[] = [];
  const idleButtons = scene.buttons.filter(({ id }) => !busy.has(id));
  if (idleButtons.length > 0 && rng.bernoulli(0.3)) constraints.push({ kind: "unpressed", object: rng.choice(idleButtons).id });
  const idleCubes = scene.cubes.filter(({ id, where }) => !busy.has(id) && !busy.has(where));
  if (idleCubes.length > 0 && rng.bernoulli(0.3)) constraints.push({ kind: "leave", object: rng.choice(idleCubes).id });
  const { drawer } = scene;
  const used = subgoals.some(
    ({ kind, object, target }) => kind === "open" || kind === "close" || target === "drawer" || cubeOf(scene, object)?.where === "drawer",
  );
  if (drawer !== undefined && (!used || (drawer.open && subgoals.every(({ kind }) => kind !== "close"))) && rng.bernoulli(0.15)) {
    constraints.push({ kind: drawer.open ? "keep-open" : "keep-shut", object: "drawer" });
  }
  return rng.shuffle(constraints).slice(0, 2);
}
