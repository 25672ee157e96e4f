import { COLOR_NAMES, type ColorName } from "../props/colors.ts";
import { cube } from "../props/cube.ts";
import { defineTask } from "../define-task.ts";
import { samplePlacements, WORK_AREA } from "../sampling.ts";

export const stackCubes = defineTask({
  name: "stack-cubes",
  version: 1,
  description: "Put one named cube on top of another, among distractors.",
  successRule: "The first cube rests on the second one, slower than 2 cm/s, the gripper has let go and is more than 7 cm away, for 0.2 s.",
  randomization: [
    "3 or 4 cubes of different colours",
    "cube positions in x 0.36..0.60, y -0.27..0.27 m, at least 10 cm apart",
    "cube headings +-45 degrees",
    "which cube goes on which",
  ],
  instructions: [
    "Put the {top} cube on the {bottom} cube.",
    "Stack the {top} cube on top of the {bottom} cube.",
    "Place the {top} block on the {bottom} block.",
    "Set the {top} cube down on the {bottom} cube.",
  ],
  exampleInstruction: "Put the red cube on the blue cube.",
  maxSteps: 400,
  sample(rng) {
    const colors = rng.shuffle(COLOR_NAMES).slice(0, rng.integer(3, 4));
    const placements = samplePlacements(rng, WORK_AREA, colors.length, 0.1);
    const [top, bottom] = rng.shuffle(colors) as [ColorName, ColorName];
    const object = `${top}_cube`;
    const target = `${bottom}_cube`;
    return {
      props: colors.map((color, i) => cube(color, placements[i] ?? { x: 0.5, y: 0, yaw: 0 })),
      words: { top, bottom },
      goal: [{ fact: ["on", object, target] }],
      references: [
        [
          { skill: "pick", args: { object } },
          { skill: "place", args: { object, target } },
        ],
      ],
      randomization: { colors, placements, top, bottom },
    };
  },
});
