import type { RewardRow } from "../core/rows.ts";

/** Methods that keep a policy near what its reward was checked on. */
export const regularizeRows: readonly RewardRow[] = [
  {
    id: "occupancy-regularization",
    paper: "Correlated Proxies: A New Definition and Improved Mitigation for Reward Hacking (occupancy regularised, known as ORPO)",
    year: 2024,
    url: "https://arxiv.org/abs/2403.03185",
    role: "regulariser",
    exports: ["chiSquare", "chiSquareFromSamples", "OccupancyDiscriminator", "recommendedLambda", "hackingBound"],
    evidence: "verified",
    note: "Penalties follow the authors' code; the bound was derived again and holds on random worlds. A linear discriminator in place of a network is our choice.",
    tests: ["src/regularize/chi-square.test.ts", "src/regularize/occupancy.test.ts"],
    status: "here",
  },
  {
    id: "weight-distance",
    paper: "R0: Rewards Are Enough for Fast Photo-Realistic Text-to-image Generation (weight regularisation)",
    year: 2025,
    url: "https://arxiv.org/abs/2503.13070",
    role: "regulariser",
    exports: ["weightDistancePenalty"],
    evidence: "verified",
    note: "One of the paper's three regularisers. Method transferred from image models, task not reproduced.",
    tests: ["src/regularize/penalties.test.ts"],
    status: "here",
  },
  {
    id: "kl-penalty",
    paper: "DeepSeekMath: KL penalty of GRPO, with Schulman's three estimators",
    year: 2024,
    url: "https://arxiv.org/abs/2402.03300",
    role: "regulariser",
    exports: ["klPenalty"],
    evidence: "from memory",
    note: "The estimators are standard and checked against exact divergences. Holding log-ratios within a bound is our choice.",
    tests: ["src/regularize/penalties.test.ts"],
    status: "here",
  },
];
