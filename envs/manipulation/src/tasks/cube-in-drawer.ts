import { COLOR_NAMES } from "../props/colors.ts";
import { cube } from "../props/cube.ts";
import { drawer } from "../props/drawer.ts";
import { defineTask } from "../define-task.ts";
import { samplePlacements } from "../sampling.ts";

export const cubeInDrawer = defineTask({
  name: "cube-in-drawer",
  version: 1,
  description: "Open the drawer, put the named cube into it, and close it again.",
  successRule:
    "The named cube is inside the drawer, slower than 2 cm/s, the drawer is shut to within 2 cm, and the gripper is more than 7 cm from the cube, for 0.2 s.",
  randomization: [
    "drawer on the left or on the right, position +-1.5 cm, heading +-5 degrees",
    "2 or 3 cubes on the other side, in x 0.36..0.58 m, 7 to 27 cm off the middle, at least 9 cm apart, headings +-45 degrees",
    "which cube is named",
  ],
  instructions: [
    "Put the {color} cube in the drawer and close it.",
    "Open the drawer, put the {color} cube in it and close the drawer.",
    "Place the {color} block inside the drawer, then close the drawer.",
  ],
  exampleInstruction: "Put the red cube in the drawer and close it.",
  maxSteps: 700,
  sample(rng) {
    const side = rng.choice([-1, 1]);
    const place = {
      x: 0.64 + rng.uniform(-0.015, 0.015),
      y: side * 0.19 + rng.uniform(-0.015, 0.015),
      yaw: Math.PI + rng.uniform(-0.087, 0.087),
    };
    const colors = rng.shuffle(COLOR_NAMES).slice(0, rng.integer(2, 3));
    const y: readonly [number, number] = side > 0 ? [-0.27, -0.07] : [0.07, 0.27];
    const placements = samplePlacements(rng, { x: [0.36, 0.58], y }, colors.length, 0.09);
    const named = rng.choice(colors);
    const object = `${named}_cube`;
    return {
      props: [drawer(place), ...colors.map((color, i) => cube(color, placements[i] ?? { x: 0.5, y: 0, yaw: 0 }))],
      words: { color: named },
      goal: [{ fact: ["in", object, "drawer"] }, { fact: ["open", "drawer"], negated: true }],
      references: [
        [
          { skill: "open", args: { object: "drawer" } },
          { skill: "pick", args: { object } },
          { skill: "place", args: { object, target: "drawer" } },
          { skill: "close", args: { object: "drawer" } },
        ],
      ],
      randomization: { drawer: place, colors, placements, named },
    };
  },
});
