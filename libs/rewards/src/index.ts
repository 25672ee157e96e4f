export { stepSimilarity } from "./matching/similarity.ts";
export { matchOrdered } from "./matching/ordered.ts";
export { matchPlans } from "./matching/plans.ts";
export { defineReward } from "./reward.ts";
export { match } from "./terms/match.ts";
export { planReward } from "./terms/plan-reward.ts";
export { rewards, scorePlan } from "./registry.ts";

export type { SimilarityOptions } from "./matching/similarity.ts";
export type { OrderedMatching } from "./matching/ordered.ts";
export type { MatchOptions, PlanMatch } from "./matching/plans.ts";
export type { RewardDefinition, RewardEvidence, ScoringSample } from "./reward.ts";
