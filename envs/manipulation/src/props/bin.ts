import { COLORS, pale, type ColorName } from "./colors.ts";
import { boxShape, poseOn, type Placement, type Prop } from "./prop.ts";

/** Half the inner width, height of the walls, thickness: metres. */
const INNER = 0.068;
const HEIGHT = 0.05;
const WALL = 0.004;

/** An open-topped bin that stands fast on the table. */
export function bin(color: ColorName, placement: Placement): Prop {
  const id = `${color}_bin`;
  const shade = pale(COLORS[color], 0.18);
  const outer = INNER + WALL;
  const wallZ = HEIGHT / 2;
  return {
    bodies: [
      {
        id,
        kind: "fixed",
        category: "bin",
        worldFromBody: poseOn(placement, 0),
        shapes: [
          boxShape([outer, outer, WALL / 2], [0, 0, WALL / 2], shade),
          boxShape([WALL / 2, outer, wallZ], [INNER + WALL / 2, 0, wallZ], shade),
          boxShape([WALL / 2, outer, wallZ], [-INNER - WALL / 2, 0, wallZ], shade),
          boxShape([INNER, WALL / 2, wallZ], [0, INNER + WALL / 2, wallZ], shade),
          boxShape([INNER, WALL / 2, wallZ], [0, -INNER - WALL / 2, wallZ], shade),
        ],
      },
    ],
    joints: [],
    object: {
      id,
      types: ["support", "container", "bin", color],
      description: `${color} bin`,
      body: id,
      container: { center: { x: 0, y: 0, z: WALL + 0.04 }, halfExtents: { x: INNER, y: INNER, z: 0.04 } },
      footprintRadius: outer * 1.42,
      height: HEIGHT,
    },
  };
}
