import type { PlanStep } from "@reverie/core";
import { bin } from "../props/bin.ts";
import { COLOR_NAMES } from "../props/colors.ts";
import { cube } from "../props/cube.ts";
import { defineTask } from "../define-task.ts";
import { samplePlacements } from "../sampling.ts";

const BIN_ROW = [-0.2, 0, 0.2] as const;

export const sortByColour = defineTask({
  name: "sort-by-colour",
  version: 1,
  description: "Put every cube into the bin of its colour.",
  successRule:
    "Every cube that has a bin of its colour lies in that bin, slower than 2 cm/s, the gripper has let go and is more than 7 cm away, for 0.2 s.",
  randomization: [
    "2 or 3 bins in the far row, in random order, +-1 cm",
    "2 or 3 cubes whose colours are among the bins' colours",
    "0 or 1 cube of a colour without a bin, which is to be left alone",
    "cube positions in x 0.33..0.48, y -0.26..0.26 m, at least 9 cm apart, headings +-45 degrees",
  ],
  instructions: [
    "Sort the cubes into the bins of the same colour.",
    "Put every cube into the bin of its colour.",
    "Sort the cubes by colour into the bins.",
  ],
  exampleInstruction: "Sort the cubes into the bins of the same colour.",
  maxSteps: 800,
  sample(rng) {
    const colors = rng.shuffle(COLOR_NAMES);
    const binCount = rng.integer(2, 3);
    const binColors = colors.slice(0, binCount);
    const cubeColors = rng.shuffle(binColors).slice(0, rng.integer(2, binCount));
    const stray = rng.bernoulli(0.5) ? colors.slice(binCount, binCount + 1) : [];
    const slots = rng.shuffle(BIN_ROW).slice(0, binCount);
    const binPlacements = slots.map((y) => ({ x: 0.62 + rng.uniform(-0.01, 0.01), y: y + rng.uniform(-0.01, 0.01), yaw: 0 }));
    const all = rng.shuffle([...cubeColors, ...stray]);
    const placements = samplePlacements(rng, { x: [0.33, 0.48], y: [-0.26, 0.26] }, all.length, 0.09);
    const sorted = all.filter((color) => cubeColors.includes(color));
    const plan: PlanStep[] = sorted.flatMap((color) => [
      { skill: "pick", args: { object: `${color}_cube` } },
      { skill: "place", args: { object: `${color}_cube`, target: `${color}_bin` } },
    ]);
    return {
      props: [
        ...binColors.map((color, i) => bin(color, binPlacements[i] ?? { x: 0.62, y: 0, yaw: 0 })),
        ...all.map((color, i) => cube(color, placements[i] ?? { x: 0.4, y: 0, yaw: 0 })),
      ],
      words: {},
      goal: sorted.map((color) => ({ fact: ["in", `${color}_cube`, `${color}_bin`] as const })),
      references: orderings(plan),
      randomization: { binColors, binPlacements, cubeColors: all, placements },
    };
  },
});

/** Every order of the pick-and-place pairs: any of them is a right plan. */
function orderings(plan: readonly PlanStep[]): PlanStep[][] {
  const pairs: PlanStep[][] = [];
  for (let i = 0; i < plan.length; i += 2) pairs.push(plan.slice(i, i + 2));
  const permute = (rest: PlanStep[][]): PlanStep[][][] =>
    rest.length <= 1
      ? [rest]
      : rest.flatMap((pair, i) => permute([...rest.slice(0, i), ...rest.slice(i + 1)]).map((tail) => [pair, ...tail]));
  return permute(pairs).map((order) => order.flat());
}
