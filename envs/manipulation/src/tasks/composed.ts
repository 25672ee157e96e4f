import { defineTask } from "../define-task.ts";
import { sampleComposed } from "../composed/sample.ts";
import { sceneProps } from "../composed/scene-props.ts";
import { COMPOSED_SPLITS, readComposedOptions } from "../composed/splits.ts";

export const composed = defineTask({
  name: "composed",
  version: 1,
  description: "Reach several sub-goals in one scene, in the order that is asked, and leave alone what is to be left.",
  successRule:
    "Every sub-goal and every constraint holds at once, what was asked first came true first, cubes that were put somewhere are slower than 2 cm/s, and the gripper is more than 7 cm from them, for 0.2 s.",
  randomization: [
    "drawer (60 %; open 40 %) on the left or right, 0 or 1 bin, 0 to 2 pads and 0 to 2 buttons of different colours",
    "3 to 5 cubes of different colours on the table, on pads, in the bin, in the drawer, or on one another",
    "positions in x 0.34..0.60, y -0.33..0.33 m, kept apart; headings +-45 degrees",
    "1 to 4 sub-goals (up to 6 in held-out-compositions): stack, put in the drawer or bin, on a pad or the table, press, open, close, hold",
    "0 to 2 constraints: cubes to leave, buttons not to press, the drawer to be kept open or shut",
    "things named by colour, or by where they are in the picture of the front camera",
  ],
  instructions: [
    "Put the red cube in the drawer, then close the drawer.",
    "First press the green button. After that, stack the leftmost cube on top of the blue cube.",
    "Place the cube in the drawer back on the table. Leave the yellow cube where it is.",
    "Before you lift the purple block, put the other cubes in the orange bin.",
  ],
  exampleInstruction: "Put the red cube in the drawer, then close the drawer.",
  maxSteps: 2400,
  splits: COMPOSED_SPLITS,
  options: ["split", "subgoals"],
  sample(rng, options) {
    const { split, subgoals } = readComposedOptions(options);
    const sample = sampleComposed(rng, split, subgoals);
    const { scene, instruction, goal, order, references, needsPicture } = sample;
    return {
      props: sceneProps(scene),
      words: {},
      instruction,
      goal,
      order,
      references,
      randomization: { split, needsPicture, subgoals: sample.subgoals, constraints: sample.constraints, scene },
    };
  },
});
