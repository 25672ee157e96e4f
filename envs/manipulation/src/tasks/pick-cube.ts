import { COLOR_NAMES } from "../props/colors.ts";
import { cube } from "../props/cube.ts";
import { defineTask } from "../define-task.ts";
import { samplePlacements, WORK_AREA } from "../sampling.ts";

/** How high the cube must be held, metres above the table. */
const LIFT_HEIGHT = 0.09;

export const pickCube = defineTask({
  name: "pick-cube",
  version: 1,
  description: "Pick one of several cubes, named by its colour, and hold it up.",
  successRule: `The named cube is held by both finger pads, touches nothing else and is more than ${LIFT_HEIGHT * 100} cm above the table for 0.2 s.`,
  randomization: [
    "4 to 6 cubes of different colours",
    "cube positions in x 0.36..0.60, y -0.27..0.27 m, at least 9 cm apart",
    "cube headings +-45 degrees",
    "which cube is named",
  ],
  instructions: [
    "Pick up the {color} cube.",
    "Lift the {color} cube.",
    "Grab the {color} block and hold it up.",
    "Take the {color} cube off the table.",
  ],
  exampleInstruction: "Pick up the red cube.",
  maxSteps: 240,
  sample(rng) {
    const colors = rng.shuffle(COLOR_NAMES).slice(0, rng.integer(4, 6));
    const placements = samplePlacements(rng, WORK_AREA, colors.length, 0.09);
    const named = colors[rng.integer(0, colors.length - 1)] ?? "red";
    const object = `${named}_cube`;
    return {
      props: colors.map((color, i) => cube(color, placements[i] ?? { x: 0.5, y: 0, yaw: 0 })),
      words: { color: named },
      goal: [{ fact: ["holding", object] }],
      references: [[{ skill: "pick", args: { object } }]],
      randomization: { colors, placements, named },
    };
  },
  holds(workspace, goal) {
    return goal.every(({ fact }) => {
      const object = workspace.object(fact[1] ?? "");
      return object !== undefined && workspace.pose(object).position.z > LIFT_HEIGHT;
    });
  },
});
