import { exact, type Fact, type Rng } from "@reverie/core";
import { COLOR_NAMES, type ColorName } from "../props/colors.ts";
import type { Placement } from "../props/prop.ts";

// Where everything stands when a composed episode starts, as plain data: no physics, no props.

/** A cube and what it rests on or in: `table`, `drawer`, or the id of a pad, a bin or another cube. */
export interface CubePlace extends Placement {
  readonly id: string;
  readonly color: ColorName;
  readonly where: string;
  /** Height of its underside above the table, metres. */
  readonly z: number;
}

export interface ColoredPlace extends Placement {
  readonly id: string;
  readonly color: ColorName;
}

export interface ComposedScene {
  readonly drawer: (Placement & { readonly open: boolean }) | undefined;
  readonly bins: readonly ColoredPlace[];
  readonly pads: readonly ColoredPlace[];
  readonly buttons: readonly ColoredPlace[];
  /** In random order. */
  readonly cubes: readonly CubePlace[];
}

/** How far an open drawer stands out, metres. */
export const DRAWER_OPEN = 0.14;
const DRAWER_FLOOR = 0.014;
const BIN_FLOOR = 0.004;
const CUBE_EDGE = 0.04;
/** Radii of the circles that props keep to themselves, metres: room for the hand beside them. */
const RADIUS = { cube: 0.045, pad: 0.09, button: 0.07, bin: 0.135 } as const;
/** Where the arm reaches from above. */
const REACH_X = [0.34, 0.6] as const;
const REACH_Y = 0.33;

interface Circle {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

/** A free spot for a circle; undefined when none was found. */
function findRoom(rng: Rng, taken: readonly Circle[], radius: number, y: readonly [number, number]): Placement | undefined {
  for (let attempt = 0; attempt < 25; attempt++) {
    const spot = { x: rng.uniform(...REACH_X), y: rng.uniform(...y), yaw: rng.uniform(-Math.PI / 4, Math.PI / 4) };
    if (taken.every((other) => exact.hypot(other.x - spot.x, other.y - spot.y) >= other.radius + radius)) return spot;
  }
  return undefined;
}

/** A point of a placement's frame on the table. */
function pointOf({ x, y, yaw }: Placement, localX: number, localY: number): { x: number; y: number } {
  const c = exact.cos(yaw);
  const s = exact.sin(yaw);
  return { x: x + c * localX - s * localY, y: y + s * localX + c * localY };
}

/** Props of one kind in different colours, as many as find room. */
function placeColored(
  rng: Rng,
  kind: "pad" | "button",
  count: number,
  taken: Circle[],
  y: readonly [number, number],
): readonly ColoredPlace[] {
  const placed: ColoredPlace[] = [];
  for (const color of rng.shuffle(COLOR_NAMES).slice(0, count)) {
    const spot = findRoom(rng, taken, RADIUS[kind], y);
    if (spot === undefined) continue;
    placed.push({ ...spot, yaw: kind === "button" ? 0 : spot.yaw, id: `${color}_${kind}`, color });
    taken.push({ ...spot, radius: RADIUS[kind] });
  }
  return placed;
}

/** What stands fast on the table, and the circles it takes. */
function sampleFurniture(rng: Rng): Omit<ComposedScene, "cubes"> & { readonly taken: Circle[]; readonly y: readonly [number, number] } {
  const side = rng.bernoulli(0.5) ? 1 : -1;
  const taken: Circle[] = [];
  const drawer = rng.bernoulli(0.6)
    ? {
        x: 0.64 + rng.uniform(-0.015, 0.015),
        y: side * (0.19 + rng.uniform(-0.015, 0.015)),
        yaw: Math.PI + rng.uniform(-0.087, 0.087),
        open: rng.bernoulli(0.4),
      }
    : undefined;
  // The drawer slides over its own half of the table: everything else stands on the other one.
  const y: readonly [number, number] = drawer === undefined ? [-REACH_Y, REACH_Y] : side > 0 ? [-REACH_Y, -0.045] : [0.045, REACH_Y];
  const bins: ColoredPlace[] = [];
  if (rng.bernoulli(drawer === undefined ? 0.6 : 0.4)) {
    const color = rng.choice(COLOR_NAMES);
    const middle = drawer === undefined ? rng.choice([-0.22, 0, 0.22]) : -side * 0.21;
    const spot = { x: 0.62 + rng.uniform(-0.01, 0.01), y: middle + rng.uniform(-0.03, 0.03), yaw: 0 };
    bins.push({ ...spot, id: `${color}_bin`, color });
    taken.push({ ...spot, radius: RADIUS.bin });
  }
  const pads = placeColored(rng, "pad", drawer === undefined ? rng.integer(0, 2) : rng.integer(0, 1), taken, y);
  const buttons = placeColored(rng, "button", drawer === undefined ? rng.integer(0, 2) : rng.integer(0, 1), taken, y);
  return { drawer, bins, pads, buttons, taken, y };
}

/** Where cubes may start beside the table: each place at most once. */
function startPlaces(rng: Rng, { drawer, bins, pads }: Omit<ComposedScene, "cubes">): Omit<CubePlace, "id" | "color">[] {
  const places: Omit<CubePlace, "id" | "color">[] = [];
  if (drawer !== undefined && rng.bernoulli(0.45)) {
    // In the middle of the tray: nearer to a wall there is no room for the fingers.
    const point = pointOf(drawer, 0.015 + (drawer.open ? DRAWER_OPEN : 0), rng.uniform(-0.012, 0.012));
    places.push({ ...point, yaw: drawer.yaw, z: DRAWER_FLOOR, where: "drawer" });
  }
  for (const bin of bins) {
    if (!rng.bernoulli(0.4)) continue;
    const corner = (): number => (rng.bernoulli(0.5) ? 1 : -1) * rng.uniform(0.02, 0.035);
    places.push({ ...pointOf(bin, corner(), corner()), yaw: bin.yaw + rng.uniform(-0.1, 0.1), z: BIN_FLOOR, where: bin.id });
  }
  for (const pad of pads) {
    if (!rng.bernoulli(0.4)) continue;
    const point = pointOf(pad, rng.uniform(-0.02, 0.02), rng.uniform(-0.02, 0.02));
    places.push({ ...point, yaw: pad.yaw + rng.uniform(-0.3, 0.3), z: 0, where: pad.id });
  }
  return rng.shuffle(places);
}

/** Draws what stands where. About 40 microseconds. */
export function sampleScene(rng: Rng): ComposedScene {
  const { taken, y, ...furniture } = sampleFurniture(rng);
  const colors = rng.shuffle(COLOR_NAMES).slice(0, rng.integer(3, 5));
  const places = startPlaces(rng, furniture).slice(0, colors.length - 1);
  const cubes: CubePlace[] = [];
  let stacked = false;
  for (const [i, color] of colors.entries()) {
    const id = `${color}_cube`;
    const place = places[i];
    if (place !== undefined) {
      cubes.push({ ...place, id, color });
      continue;
    }
    const below = cubes.find(({ where }) => where === "table" || where.endsWith("_pad"));
    const spot = !stacked && below !== undefined && rng.bernoulli(0.15) ? undefined : findRoom(rng, taken, RADIUS.cube, y);
    if (spot !== undefined) {
      taken.push({ ...spot, radius: RADIUS.cube });
      cubes.push({ ...spot, id, color, where: "table", z: 0 });
    } else if (!stacked && below !== undefined) {
      stacked = true;
      const { x, y: aside, yaw } = below;
      cubes.push({
        x: x + rng.uniform(-0.003, 0.003),
        y: aside + rng.uniform(-0.003, 0.003),
        yaw: yaw + rng.uniform(-0.15, 0.15),
        id,
        color,
        where: below.id,
        z: CUBE_EDGE,
      });
    }
  }
  return { ...furniture, cubes: rng.shuffle(cubes) };
}

/** What is true at the start, as physics will show it. */
export function startFacts({ drawer, cubes }: ComposedScene): Fact[] {
  const facts: Fact[] = [];
  for (const { id, where } of cubes) {
    if (where === "drawer" || where.endsWith("_bin")) facts.push(["in", id, where]);
    else facts.push(["on", id, where]);
    if (where.endsWith("_pad")) facts.push(["on", id, "table"]);
  }
  if (drawer?.open === true) facts.push(["open", "drawer"]);
  return facts;
}

/** The cube that lies on another at the start. */
export function coverOf(scene: ComposedScene, id: string): CubePlace | undefined {
  return scene.cubes.find(({ where }) => where === id);
}

/** Where a cube is at the start; undefined for what is no cube here. */
export function cubeOf(scene: ComposedScene, id: string): CubePlace | undefined {
  return scene.cubes.find((cube) => cube.id === id);
}
