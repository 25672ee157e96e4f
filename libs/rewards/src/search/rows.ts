import type { RewardRow } from "../core/rows.ts";

export const searchRows: readonly RewardRow[] = [
  {
    id: "rest-mcts",
    paper: "ReST-MCTS*: LLM Self-Training via Process Reward Guided Tree Search",
    year: 2024,
    url: "https://arxiv.org/abs/2406.03816",
    role: "search",
    exports: [
      "searchPlan",
      "inferStepValues",
      "nextStepValue",
      "stepRewards",
      "upperConfidence",
      "backedUpValue",
      "searchTrainingRows",
      "selfTrain",
    ],
    evidence: "verified",
    note: "Search defaults, selection, back-up and inferred values follow the released code; keeping roll-outs in the tree, entering further candidates late and the verifier's precedence over the end gate are ours.",
    tests: ["src/search/search-plan.test.ts", "src/search/step-values.test.ts", "src/search/training-rows.test.ts", "src/vectors.test.ts"],
    status: "here",
  },
];
