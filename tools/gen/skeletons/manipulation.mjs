// A new tabletop task: complete and runnable (pick one named cube), to be changed into what is wanted.

/** @param {{ name: string, exportName: string, words: string }} task - `words` is the name with spaces */
export function manipulationTask({ name, exportName, words }) {
  return `import { defineTask } from "../define-task.ts";
import { COLOR_NAMES } from "../props/colors.ts";
import { cube } from "../props/cube.ts";
import { samplePlacements, WORK_AREA } from "../sampling.ts";

/** Starts as: pick one named cube among three. Change the scene, the goal and the words to what ${words} means. */
export const ${exportName} = defineTask({
  name: "${name}",
  version: 1,
  description: "Pick one of three cubes, named by its colour.",
  successRule: "The named cube is held by both finger pads and touches nothing else for 0.2 s.",
  randomization: [
    "3 cubes of different colours",
    "cube positions in x 0.36..0.60, y -0.27..0.27 m, at least 9 cm apart",
    "cube headings +-45 degrees",
    "which cube is named",
  ],
  instructions: ["Pick up the {color} cube.", "Take the {color} cube."],
  exampleInstruction: "Pick up the red cube.",
  maxSteps: 240,
  sample(rng) {
    const colors = rng.shuffle(COLOR_NAMES).slice(0, 3);
    const placements = samplePlacements(rng, WORK_AREA, colors.length, 0.09);
    const named = rng.choice(colors);
    const object = \`\${named}_cube\`;
    return {
      props: colors.map((color, i) => cube(color, placements[i] ?? { x: 0.5, y: 0, yaw: 0 })),
      words: { color: named },
      goal: [{ fact: ["holding", object] }],
      references: [[{ skill: "pick", args: { object } }]],
      randomization: { colors, placements, named },
    };
  },
});
`;
}
