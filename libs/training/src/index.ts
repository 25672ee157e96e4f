export { collate, fits, lengthOf, tokensOf } from "./data/batches.ts";
export { checkDataset, readDataset, writeDataset } from "./data/dataset.ts";
export { assertTrainingRow, patchClassesOf, ROW_IMAGE, ROW_IMAGE_BYTES, ROW_PATCH_BYTES, ROW_PATCHES, ROW_VIEWS } from "./data/row.ts";
export { RowStream } from "./data/row-stream.ts";
export { decodeShard, encodeShard } from "./data/shard.ts";
export { ShuffledRows } from "./data/shuffled-rows.ts";
export { assertRowPlan, isHeldOut, jobAt } from "./data/source.ts";
export { exportEmbeddedModel } from "./model/export-embedded-model.ts";
export { VisionLanguageModel } from "./model/vision-language-model.ts";
export { checkPolicyLossOptions, overlongPenalty, POLICY_LOSS_PRESETS } from "./policy-optimisation/loss-options.ts";
export { policyLoss, tokenStatistics } from "./policy-optimisation/policy-loss.ts";
export {
  aggregateTerms,
  clippedSurrogate,
  k3Divergence,
  policyLossOfNumbers,
  sequenceRatio,
} from "./policy-optimisation/policy-loss-numbers.ts";
export { LanguageModelPolicy } from "./policy-optimisation/language-model-policy.ts";
export { VisionLanguagePolicy } from "./policy-optimisation/vision-language-policy.ts";
export { levelledPrompts } from "./policy-optimisation/prompts.ts";
export { specReward } from "./policy-optimisation/reward-source.ts";
export { httpReward } from "./policy-optimisation/http-reward.ts";
export { PolicyTrainer } from "./policy-optimisation/policy-trainer.ts";
export { dpoLoss, dpoLossOfNumbers, sequenceLogProbabilities } from "./preference-optimisation/dpo-loss.ts";
export { DpoTrainer } from "./preference-optimisation/dpo-trainer.ts";
export { evaluateRows } from "./sft/evaluate-rows.ts";
export { LiveAnswerer } from "./sft/live-answerer.ts";
export { SftTrainer } from "./sft/sft-trainer.ts";
export { trainTokenizer } from "./tokenizer/train-tokenizer.ts";

export type { Batch, CollateOptions, RowTokens } from "./data/batches.ts";
export type { DatasetCheck, DatasetManifest, DatasetShard, WriteDatasetOptions } from "./data/dataset.ts";
export type { PlanFacts, RowKind, TrainingRow } from "./data/row.ts";
export type { RowStreamOptions, StreamPosition } from "./data/row-stream.ts";
export type { ShuffledRowsOptions, ShufflePosition } from "./data/shuffled-rows.ts";
export type { EpisodeSource, MixEntry, MixStage, RowJob, RowPlan, SourceModule } from "./data/source.ts";
export type {
  AdvantageScale,
  LossAggregation,
  OverlongOptions,
  PolicyLossName,
  PolicyLossOptions,
  PolicyLossPreset,
  RatioLevel,
} from "./policy-optimisation/loss-options.ts";
export type { PolicyLoss, PolicyLossInputs } from "./policy-optimisation/policy-loss.ts";
export type { ScoredResponse } from "./policy-optimisation/policy-loss-numbers.ts";
export type { Policy, PolicyFeeds, PolicySample, ResponseFinish, TokenStatistics } from "./policy-optimisation/policy.ts";
export type { CausalModel, LanguageModelPolicyOptions } from "./policy-optimisation/language-model-policy.ts";
export type { PicturePrompt, VisionLanguagePolicyOptions } from "./policy-optimisation/vision-language-policy.ts";
export type { LevelledPromptsOptions, PromptRequest, PromptSource } from "./policy-optimisation/prompts.ts";
export type { RewardRequest, RewardResult, RewardSource, SpecRewardOptions } from "./policy-optimisation/reward-source.ts";
export type { HttpRewardOptions } from "./policy-optimisation/http-reward.ts";
export type { PolicyStage, PolicyStageOptions, PolicyTrainerOptions } from "./policy-optimisation/settings.ts";
export type { IterationReport, UpdateMetrics } from "./policy-optimisation/iteration-report.ts";
export type { PolicyRunOptions } from "./policy-optimisation/policy-trainer.ts";
export type { DpoLossInputs, DpoLossOptions, ScoredPair } from "./preference-optimisation/dpo-loss.ts";
export type { DpoResult, DpoTrainerOptions, PreferredPair } from "./preference-optimisation/dpo-trainer.ts";
export type { ExportedModel, ExportOptions } from "./model/export-embedded-model.ts";
export type { TransformerSizes, VisionLanguageOptions } from "./model/vision-language-model.ts";
export type { TokenizerOptions } from "./tokenizer/train-tokenizer.ts";
export type { EvaluateRowsOptions, RowScores } from "./sft/evaluate-rows.ts";
export type { SftOptions, SftReport, SftResult, SftStepReport } from "./sft/sft-trainer.ts";
