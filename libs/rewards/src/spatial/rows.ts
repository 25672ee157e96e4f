import type { RewardRow } from "../core/rows.ts";

export const spatialRows: readonly RewardRow[] = [
  {
    id: "talk2move",
    paper: "Talk2Move: Reinforcement Learning for Text-Instructed Object-Level Geometric Transformation in Scenes",
    year: 2026,
    url: "https://arxiv.org/abs/2601.02356",
    role: "term",
    exports: [
      "translationReward",
      "keepPutReward",
      "scaleReward",
      "rotationReward",
      "poseTranslationReward",
      "poseKeepPutReward",
      "poseRotationReward",
      "poseScaleReward",
      "spatialReward",
      "spatialTerm",
      "activeSteps",
    ],
    evidence: "verified",
    note: "Image formulas and weights are those of the released code; the bounded rotation form, the forms over world poses and the choice of steps by variance are ours.",
    tests: ["src/spatial/boxes.test.ts", "src/spatial/poses.test.ts", "src/vectors.test.ts"],
    status: "here",
  },
];
