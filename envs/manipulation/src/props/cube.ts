import { COLORS, type ColorName } from "./colors.ts";
import { boxShape, poseOn, type Placement, type Prop } from "./prop.ts";

/** Half an edge, metres. */
export const CUBE_HALF = 0.02;

/** A 4 cm cube of 100 g that can be lifted and stacked on. */
export function cube(color: ColorName, placement: Placement): Prop {
  const id = `${color}_cube`;
  return {
    bodies: [
      {
        id,
        kind: "dynamic",
        category: "cube",
        worldFromBody: poseOn(placement, CUBE_HALF + 0.0002),
        massKg: 0.1,
        shapes: [boxShape([CUBE_HALF, CUBE_HALF, CUBE_HALF], [0, 0, 0], COLORS[color], { friction: 0.8 })],
      },
    ],
    joints: [],
    object: {
      id,
      types: ["graspable", "support", "cube", color],
      description: `${color} cube`,
      body: id,
      grasp: { halfExtents: { x: CUBE_HALF, y: CUBE_HALF, z: CUBE_HALF } },
      support: { center: { x: 0, y: 0, z: CUBE_HALF }, halfX: CUBE_HALF, halfY: CUBE_HALF },
      footprintRadius: CUBE_HALF * 1.42,
      height: 2 * CUBE_HALF,
    },
  };
}
