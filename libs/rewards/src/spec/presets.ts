import { Registry } from "@reverie/core";
import { judgeTrain } from "./presets/judge-train.ts";
import { judgeTrainListwise } from "./presets/judge-train-listwise.ts";
import { manipulationDefault } from "./presets/manipulation-default.ts";
import { manipulationPhoto } from "./presets/manipulation-photo.ts";
import { sparseDefault } from "./presets/sparse-default.ts";
import { uavDefault } from "./presets/uav-default.ts";
import { unlabelledDefault } from "./presets/unlabelled-default.ts";
import type { RewardSpec } from "./spec.ts";

/** Ready rewards by id, one file each. Weights are our choice; the learner's tests are what they were set by. */
export const rewardPresets: Registry<RewardSpec> = new Registry<RewardSpec>(
  "reward preset",
  [manipulationDefault, manipulationPhoto, sparseDefault, uavDefault, unlabelledDefault, judgeTrain, judgeTrainListwise],
  ({ id }) => id,
);
