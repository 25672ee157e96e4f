import { defineTask } from "../define-task.ts";
import { button } from "../props/button.ts";
import { COLOR_NAMES } from "../props/colors.ts";
import { cube } from "../props/cube.ts";
import { pad } from "../props/pad.ts";
import { samplePlacements, WORK_AREA } from "../sampling.ts";

export const pressThenPlace = defineTask({
  name: "press-then-place",
  version: 1,
  description: "Press the button first, then put the named cube on the pad.",
  successRule:
    "The named cube rests on the pad, slower than 2 cm/s, the gripper has let go and is more than 7 cm away, for 0.2 s; and the button had been pressed when the cube was put there.",
  randomization: [
    "button, pad and 2 or 3 cubes of different colours",
    "positions in x 0.36..0.60, y -0.27..0.27 m, kept apart",
    "cube headings +-45 degrees, pad heading +-45 degrees",
    "which cube is named",
  ],
  instructions: [
    "Press the {button} button, then put the {color} cube on the {pad} pad.",
    "First press the {button} button, then place the {color} cube on the {pad} pad.",
    "Push the {button} button and then put the {color} block onto the {pad} pad.",
  ],
  exampleInstruction: "Press the red button, then put the blue cube on the green pad.",
  maxSteps: 500,
  sample(rng) {
    const colors = rng.shuffle(COLOR_NAMES);
    const cubeColors = colors.slice(0, rng.integer(2, 3));
    const buttonColor = rng.choice(COLOR_NAMES);
    const padColor = rng.choice(COLOR_NAMES);
    const [padPlace, buttonPlace] = samplePlacements(rng, WORK_AREA, 2, 0.19) as [
      ReturnType<typeof samplePlacements>[number],
      ReturnType<typeof samplePlacements>[number],
    ];
    const placements = samplePlacements(rng, WORK_AREA, cubeColors.length, 0.09, {
      taken: [
        { ...padPlace, radius: 0.09 },
        { ...buttonPlace, radius: 0.07 },
      ],
    });
    const named = rng.choice(cubeColors);
    const object = `${named}_cube`;
    const buttonId = `${buttonColor}_button`;
    const target = `${padColor}_pad`;
    return {
      props: [
        pad(padColor, padPlace),
        button(buttonColor, { ...buttonPlace, yaw: 0 }),
        ...cubeColors.map((color, i) => cube(color, placements[i] ?? { x: 0.5, y: 0, yaw: 0 })),
      ],
      words: { color: named, button: buttonColor, pad: padColor },
      goal: [{ fact: ["pressed", buttonId] }, { fact: ["on", object, target] }],
      order: [[0, 1]],
      references: [
        [
          { skill: "press", args: { object: buttonId } },
          { skill: "pick", args: { object } },
          { skill: "place", args: { object, target } },
        ],
      ],
      randomization: {
        pad: { color: padColor, ...padPlace },
        button: { color: buttonColor, ...buttonPlace },
        cubeColors,
        placements,
        named,
      },
    };
  },
});
