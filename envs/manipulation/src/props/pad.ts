import { COLORS, pale, type ColorName } from "./colors.ts";
import { boxShape, poseOn, type Placement, type Prop } from "./prop.ts";

/** Half an edge of the marked square, metres. */
export const PAD_HALF = 0.06;

/** A square marked on the table: things are put, or pushed, onto it. It has no thickness that physics would feel. */
export function pad(color: ColorName, placement: Placement): Prop {
  const id = `${color}_pad`;
  return {
    bodies: [
      {
        id,
        kind: "fixed",
        category: "pad",
        worldFromBody: poseOn(placement, 0),
        shapes: [
          boxShape([PAD_HALF, PAD_HALF, 0.0006], [0, 0, 0.0002], COLORS[color], { collides: false }),
          boxShape([PAD_HALF - 0.006, PAD_HALF - 0.006, 0.0006], [0, 0, 0.0006], pale(COLORS[color]), { collides: false }),
        ],
      },
    ],
    joints: [],
    object: {
      id,
      types: ["support", "zone", "pad", color],
      description: `${color} pad`,
      body: id,
      support: { center: { x: 0, y: 0, z: 0 }, halfX: PAD_HALF, halfY: PAD_HALF, surfaceBody: "table" },
      footprintRadius: 0,
      height: 0,
    },
  };
}
