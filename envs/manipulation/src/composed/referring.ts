import { exact, type Rng } from "@reverie/core";
import { coverOf, cubeOf, type ColoredPlace, type ComposedScene, type CubePlace } from "./scene.ts";
import { colorOf } from "./splits.ts";
import type { Subgoal } from "./subgoals.ts";

// Words for things: by colour, or by where they are in the picture of the front camera before anything moves.

/** By how much a thing must stand out, metres. */
export const CLEAR_MARGIN = 0.04;

/** Ways to name a thing that only the picture resolves. */
export type VisualRelation =
  | "leftmost"
  | "rightmost"
  | "nearest"
  | "farthest"
  | "in-drawer"
  | "in-bin"
  | "on-pad"
  | "on-cube"
  | "under-cube";

/** A way to refer to one thing of a scene. */
export interface Reference {
  readonly relation: "name" | VisualRelation;
  /** What the relation is to, for example the pad that the cube lies on; "" when there is none. */
  readonly to: string;
}

const BY_NAME: Reference = { relation: "name", to: "" };

/** Cubes that no camera sees: those in a shut drawer. */
export function isHidden({ drawer }: ComposedScene, { where }: CubePlace): boolean {
  return where === "drawer" && drawer?.open !== true;
}

/** Whether a thing's measure is the smallest of all by the margin. */
function isLeast<T extends ColoredPlace>(thing: T, all: readonly T[], measure: (thing: T) => number): boolean {
  const own = measure(thing);
  return all.every((other) => other === thing || measure(other) >= own + CLEAR_MARGIN);
}

/** The front camera looks at the robot: its left is the robot's right, the side of negative y. */
const MEASURES = {
  leftmost: ({ y }: ColoredPlace): number => y,
  rightmost: ({ y }: ColoredPlace): number => -y,
  // The robot's base is the origin.
  nearest: ({ x, y }: ColoredPlace): number => exact.hypot(x, y),
  farthest: ({ x, y }: ColoredPlace): number => -exact.hypot(x, y),
} as const;

/**
 * Every way to refer to a cube, button or pad by looking, each true of nothing else in the scene by at least `CLEAR_MARGIN`.
 * Relations that a sub-goal changes are left out: "the cube in the drawer" shall not be asked for where another one goes in.
 */
export function visualReferences(scene: ComposedScene, subgoals: readonly Subgoal[], id: string): Reference[] {
  const found: Reference[] = [];
  const cube = cubeOf(scene, id);
  if (cube === undefined) {
    const peers = [scene.buttons, scene.pads].find((things) => things.some((thing) => thing.id === id)) ?? [];
    const own = peers.find((thing) => thing.id === id);
    if (own === undefined || peers.length < 2) return found;
    for (const relation of ["leftmost", "rightmost"] as const) {
      if (isLeast(own, peers, MEASURES[relation])) found.push({ relation, to: "" });
    }
    return found;
  }
  if (!isHidden(scene, cube)) {
    for (const relation of ["leftmost", "rightmost", "nearest", "farthest"] as const) {
      if (isLeast(cube, scene.cubes, MEASURES[relation])) found.push({ relation, to: "" });
    }
  }
  const { where } = cube;
  const alone = scene.cubes.filter((other) => other.where === where).length === 1;
  const changed = subgoals.some(({ target, object }) => target === where && object !== id);
  if (where !== "table" && alone && !changed) {
    if (where === "drawer") found.push({ relation: "in-drawer", to: where });
    else if (where.endsWith("_bin")) found.push({ relation: "in-bin", to: where });
    else if (where.endsWith("_pad")) found.push({ relation: "on-pad", to: where });
    else found.push({ relation: "on-cube", to: where });
  }
  const cover = coverOf(scene, id);
  if (cover !== undefined && !subgoals.some(({ target }) => target === id)) found.push({ relation: "under-cube", to: cover.id });
  return found;
}

/** By colour, or with the given chance by looking, when there is a way that does not go by the way the thing is to go. */
export function chooseReference(rng: Rng, scene: ComposedScene, subgoals: readonly Subgoal[], id: string, chance: number): Reference {
  if (colorOf(id) === undefined || !rng.bernoulli(chance)) return BY_NAME;
  // "Put the cube on the red pad on the red pad" says nothing.
  const own = subgoals.find(({ object }) => object === id)?.target;
  const ways = visualReferences(scene, subgoals, id).filter(({ to }) => to === "" || to !== own);
  return ways.length === 0 ? BY_NAME : rng.choice(ways);
}
