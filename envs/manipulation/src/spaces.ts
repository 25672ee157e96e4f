import type { Space } from "@reverie/core";
import { ARM_LINKS, GRIPPER } from "@reverie/robots";

const joints = ARM_LINKS.map((_, i) => `joint${i + 1}`);

/** Joint targets (rad) and gripper opening (m), 20 times a second. */
export const ACTION_SPACE: Space = {
  type: "box",
  dtype: "float32",
  shape: [8],
  low: [...ARM_LINKS.map((link) => link.lower), 0].map((bound) => Math.fround(bound) - 1e-6),
  high: [...ARM_LINKS.map((link) => link.upper), 2 * GRIPPER.fingerTravel].map((bound) => Math.fround(bound) + 1e-6),
  names: [...joints.map((name) => `${name} target (rad)`), "gripper opening (m)"],
};

/** Numbers in `Observation.proprioception`. */
export const PROPRIOCEPTION_SIZE = 22;

export const OBSERVATION_SPACE: Space = {
  type: "dict",
  spaces: {
    proprioception: {
      type: "box",
      dtype: "float32",
      shape: [PROPRIOCEPTION_SIZE],
      low: [...ARM_LINKS.map((link) => link.lower - 0.2), ...ARM_LINKS.map(() => -30), -0.02, -2, -2, -2, -1.001, -1.001, -1.001, -1.001],
      high: [
        ...ARM_LINKS.map((link) => link.upper + 0.2),
        ...ARM_LINKS.map(() => 30),
        2 * GRIPPER.fingerTravel + 0.02,
        2,
        2,
        2,
        1.001,
        1.001,
        1.001,
        1.001,
      ],
      names: [
        ...joints.map((name) => `${name} (rad)`),
        ...joints.map((name) => `${name} velocity (rad/s)`),
        "gripper opening (m)",
        "tool x (m)",
        "tool y (m)",
        "tool z (m)",
        "tool quaternion x",
        "tool quaternion y",
        "tool quaternion z",
        "tool quaternion w",
      ],
    },
    instruction: { type: "text", maxLength: 500 },
  },
};
