export { defineReward } from "./reward.ts";
export { rewards, scorePlan } from "./registry.ts";
export { rewardRows } from "./table.ts";
export { matchUnordered } from "./matching/assignment.ts";
export { MOST_STEPS, PlanMatcher } from "./matching/matcher.ts";
export { matchOrdered } from "./matching/ordered.ts";
export { matchPartialOrder } from "./matching/partial-order.ts";
export { MATCH_METHODS, matchPlanSteps } from "./matching/plan-steps.ts";
export { matchPlans } from "./matching/plans.ts";
export { stepSimilarity } from "./matching/similarity.ts";
export { matchSoft } from "./matching/transport.ts";
export { checklistReward, ruleFractionReward } from "./terms/checklist.ts";
export { canonicalPlanKey, majorityVote, crossReferenceReward, crossReferenceSamples } from "./terms/cross-reference.ts";
export { followUpDifference, followUpLikelihoodReward } from "./terms/follow-up.ts";
export { hybridReward, groupLengthPenalty } from "./terms/hybrid.ts";
export { match } from "./terms/match.ts";
export { planNuggets, factVerifier, scoreSupports, nuggetReward } from "./terms/nuggets.ts";
export { orderedMatchReward } from "./terms/ordered-match.ts";
export {
  groundingJaccard,
  stepNgramSimilarity,
  planWellFormed,
  executionReward,
  DEFAULT_PARTIAL_WEIGHTS,
  REASONING_SQL_WEIGHTS,
  executionDominates,
  partialRewardSuite,
  partialScores,
  curriculumWeights,
} from "./terms/partial-rewards.ts";
export { planReward } from "./terms/plan-reward.ts";
export { repetitionPenalty, lengthIncentive, relevanceReward, regularizedRelevance } from "./terms/relevance.ts";
export { scoreRubric, rubricReward } from "./terms/rubric.ts";
export { hashedNgramEmbedding, embeddingSimilarity, withEmbeddings, semanticSimilarityReward } from "./terms/semantic.ts";
export { mirrorText, mirrorTask, mirrorPlan, viewPairs } from "./terms/views.ts";
export { activeSteps } from "./spatial/active-steps.ts";
export { shrink, translationReward, keepPutReward, ratioReward, scaleReward, wrapDegrees, rotationReward } from "./spatial/boxes.ts";
export { poseTranslationReward, poseKeepPutReward, turnBetween, poseRotationReward, poseScaleReward } from "./spatial/poses.ts";
export { spatialReward, spatialTerm } from "./spatial/terms.ts";
export { logSigmoidCentered, referenceQuantile, logicalAndCombine } from "./transforms/log-sigmoid.ts";
export { RunningMoments, RunningMinMax } from "./transforms/moments.ts";
export { preferenceAsReward } from "./transforms/preference-as-reward.ts";
export { ReferenceScores } from "./transforms/reference-scores.ts";
export { saturate, stretch } from "./transforms/saturate.ts";
export { clipToMoments, minMaxScale, meanStdScale, boundedSigmoid, tanhShape, rewardCeiling } from "./transforms/shapes.ts";
export { uncertaintyWeight, uncertaintyWeightedLoss, meanOneUncertaintyWeights, scoreUncertainty } from "./transforms/uncertainty.ts";
export { aggregateEnsemble, centerEnsemble, bestOfN } from "./combine/ensemble.ts";
export { LagrangianCombiner, findProxyPoint } from "./combine/lagrangian.ts";
export { vetoCombine } from "./combine/veto.ts";
export { weightedSum, normalizedWeightedSum } from "./combine/weighted-sum.ts";
export { clipProcess, deltaProcess, clipDelta, progressDelta, combineProcessOutcome } from "./process/clip-delta.ts";
export { globalLocalReward, globalLocalImageReward } from "./process/global-local.ts";
export { renorm, outcomeGatedProcess, stepProgressReward } from "./process/outcome-gate.ts";
export { potentialShaping, shapeEpisode } from "./process/potential.ts";
export { principleProcessReward } from "./process/principles.ts";
export { chainPreferenceAdvantage } from "./advantage/chain.ts";
export { fitCentroids, confidenceGate, weightByUncertainty } from "./advantage/confidence.ts";
export { groupRelativeAdvantage, dropDegenerateGroups } from "./advantage/group.ts";
export { hiddenRewardScores, thrReweight, nthrAttenuate, exportThrSpec } from "./advantage/hidden-reward.ts";
export { dynamicRewardScale } from "./advantage/scale.ts";
export { stepCredit, redistributeAdvantage } from "./advantage/step-credit.ts";
export { contrastiveTokenReward, tregWeight, tregLoss } from "./advantage/token-reward.ts";
export { AdditiveRewardModel, segmentActivation, featureValue } from "./preference/additive-model.ts";
export { preferenceStrength, strengthOfDifferences, cleanPreferences } from "./preference/cleaning.ts";
export { PLAN_FEATURES, PLAN_FEATURE_SIGNS, planFeatures } from "./preference/features.ts";
export { implicitPairs } from "./preference/implicit-feedback.ts";
export { learnedReward } from "./preference/learned-reward.ts";
export {
  pairLoss,
  bradleyTerryLoss,
  marginBradleyTerryLoss,
  scaledBradleyTerryLoss,
  adaptiveMarginLoss,
  smoothedPairLoss,
  ratingRegressionLoss,
  replayPenalty,
  tripletLoss,
  infoNce,
  expoExtrapolate,
} from "./preference/losses.ts";
export { rewardSpread, metaRewardStep } from "./preference/meta.ts";
export { progressMagnitude, simulatorPairs, minePreferencePairs, tieredPairs, blendPlans } from "./preference/pairs.ts";
export { pairFeatures, trainAdditiveRewardModel, trainRewardEnsemble, trainLinearRewardModel } from "./preference/training.ts";
export { truncatedNegatives } from "./preference/truncated-negatives.ts";
export { MASTER_KEYS, hasPlan, guardJudge, judgeAccepts, masterKeyProbe } from "./judges/guard.ts";
export { cachedJudge } from "./judges/judge.ts";
export { listwiseAgreement, listwiseJudgeReward } from "./judges/listwise-agreement.ts";
export { LOWEST_SCORE, HIGHEST_SCORE, checkCandidates, parseListwiseVerdict } from "./judges/listwise-verdict.ts";
export { listwiseJudge } from "./judges/listwise.ts";
export { pairwiseVerdictReward, pairwiseJudge, judgeTrainingRows } from "./judges/pairwise.ts";
export { judgeReward, critiqueThenScore } from "./judges/pointwise.ts";
export { batchVerifier, verifierQuality } from "./judges/verifier.ts";
export { judgeRuleProposer, judgeRuleVote } from "./rules/ask.ts";
export { compileRule, compileRules } from "./rules/compile.ts";
export { firstOfSame, mergeRules } from "./rules/merge.ts";
export { extractRules, orderRuleProposer, ruleAgreement, agreeingRules } from "./rules/mine.ts";
export { confidenceVote, decisivePairs, compiledRuleVote, residualHypothesisSearch } from "./rules/residual.ts";
export { ruleId, ruleChecklist } from "./rules/rule.ts";
export { chiSquare, chiSquareFromSamples, recommendedLambda, hackingBound } from "./regularize/chi-square.ts";
export { klPenalty } from "./regularize/kl.ts";
export { OccupancyDiscriminator } from "./regularize/occupancy.ts";
export { weightDistancePenalty } from "./regularize/weight-distance.ts";
export { searchPlan } from "./search/search-plan.ts";
export { nextStepValue, stepRewards, inferStepValues } from "./search/step-values.ts";
export { searchTrainingRows, selfTrain } from "./search/training-rows.ts";
export { upperConfidence, backedUpValue } from "./search/tree.ts";
export { rewardAudit } from "./diagnostics/audit.ts";
export { ensembleDiversity } from "./diagnostics/ensembles.ts";
export { explainScore, explanationQuality } from "./diagnostics/explain.ts";
export { provenanceAuroc, proxyCorrelation, isRewardHacking, overoptimizationCurve } from "./diagnostics/overoptimization.ts";
export { probeDimensions } from "./diagnostics/probes.ts";
export { canonicalReward, starcDistance, starcDistanceSampled } from "./diagnostics/starc.ts";
export { buildReward } from "./spec/build.ts";
export { rewardPresets } from "./spec/presets.ts";
export { SCORERS } from "./spec/scorers.ts";
export { collapseAlarm } from "./spec/around.ts";
export { parseRewardSpec } from "./spec/parse.ts";
export { proofCases, proveRewards } from "./proof/prove.ts";

export type { ScoringSample, RewardEvidence, RewardDefinition } from "./reward.ts";
export type { RewardMethod } from "./table.ts";
export type { UnorderedMatching } from "./matching/assignment.ts";
export type { PlanMatcherOptions, InternedPlan } from "./matching/matcher.ts";
export type { OrderedMatching } from "./matching/ordered.ts";
export type { PartialOrderPlan, PartialOrderMatching } from "./matching/partial-order.ts";
export type { MatchMethod, ReferencePlan, StepMatchOptions, StepMatching } from "./matching/plan-steps.ts";
export type { MatchOptions, PlanMatch } from "./matching/plans.ts";
export type { SimilarityOptions } from "./matching/similarity.ts";
export type { TransportOptions, SoftMatching } from "./matching/transport.ts";
export type { ChecklistItem, ChecklistReader } from "./terms/checklist.ts";
export type { Vote } from "./terms/cross-reference.ts";
export type { FollowUps, FollowUpLikelihood, FollowUpOptions } from "./terms/follow-up.ts";
export type { RuleVerdict, HybridRewardOptions, GroupLengthPenaltyOptions } from "./terms/hybrid.ts";
export type { Nugget, NuggetVerifier, NuggetOptions } from "./terms/nuggets.ts";
export type { PartialRewardWeights } from "./terms/partial-rewards.ts";
export type { RegularizedRelevanceOptions } from "./terms/relevance.ts";
export type { RubricDimension, Rubric, RubricOptions, RubricGrader } from "./terms/rubric.ts";
export type { TextEmbedding, AsyncTextEmbedding } from "./terms/semantic.ts";
export type { WordedTask, TaskView } from "./terms/views.ts";
export type { StepInformation } from "./spatial/active-steps.ts";
export type { ImageBox, ImageDirection, SizeChange, Axis, Angles, DeadZoneOptions, TurnCommand, RotationOptions } from "./spatial/boxes.ts";
export type { ObjectPose } from "./spatial/poses.ts";
export type { SpatialCommand, SpatialChange } from "./spatial/terms.ts";
export type { ReferenceQuantileMode, CenteredReward } from "./transforms/log-sigmoid.ts";
export type { MomentsState, MinMaxState } from "./transforms/moments.ts";
export type { PreferenceAsRewardOptions } from "./transforms/preference-as-reward.ts";
export type { ReferenceScoresState, ReferenceScoresOptions } from "./transforms/reference-scores.ts";
export type { StretchOptions } from "./transforms/saturate.ts";
export type { Moments, Extremes, ClipOptions, ScaleOptions } from "./transforms/shapes.ts";
export type { UncertaintyKind } from "./transforms/uncertainty.ts";
export type { EnsembleAggregation, EnsembleOptions, EnsembleScore, BestSample } from "./combine/ensemble.ts";
export type { LagrangianMode, LagrangianOptions, LagrangianState, ProxyMeasurement, ProxyPointOptions } from "./combine/lagrangian.ts";
export type { VetoGate, VetoedScore } from "./combine/veto.ts";
export type { CombinedScore, NormalizedSumOptions } from "./combine/weighted-sum.ts";
export type { OverlapRule, StepRegion, ImageRegion, ImageSize } from "./process/global-local.ts";
export type { OutcomeGateMode } from "./process/outcome-gate.ts";
export type { PotentialShapingOptions } from "./process/potential.ts";
export type { StepJudgeRequest, StepVerdict, StepJudge, PrincipleOptions } from "./process/principles.ts";
export type { ChainPreferenceOptions, ChainPreference } from "./advantage/chain.ts";
export type { CentroidOptions, ConfidenceDecision, UncertaintyWeightOptions, WeightedAdvantages } from "./advantage/confidence.ts";
export type { GroupScores, GroupAdvantages, GroupAdvantageOptions, DegenerateGroupOptions } from "./advantage/group.ts";
export type {
  SparseVector,
  HiddenResponse,
  HiddenReweightOptions,
  AttenuationOptions,
  TensorContract,
  HiddenRewardSpecification,
} from "./advantage/hidden-reward.ts";
export type { DynamicRewardScaleOptions } from "./advantage/scale.ts";
export type { TokenSpan, RedistributeOptions } from "./advantage/step-credit.ts";
export type { TregAnswer, TregOptions, TregLoss } from "./advantage/token-reward.ts";
export type { AdditiveShape, AdditiveModelData, AdditiveExplanation } from "./preference/additive-model.ts";
export type { PreferenceStrength, CleaningOptions, CleanedPair } from "./preference/cleaning.ts";
export type { FeatureRow, FeatureScorer, PlanFeature } from "./preference/features.ts";
export type { FeedbackKind, FeedbackEvent, ImplicitFeedbackOptions } from "./preference/implicit-feedback.ts";
export type { PairLossOptions, CenteredPairLoss, PointLoss } from "./preference/losses.ts";
export type { RewardSpread, MetaRewardOptions, MetaRewardStep } from "./preference/meta.ts";
export type {
  FeaturePair,
  RatedPair,
  PairwiseStage,
  TrainingStage,
  ResampleOptions,
  AdditiveTrainingOptions,
  ReplayBuffer,
  LinearTrainingOptions,
} from "./preference/training.ts";
export type { NegativeJudgeRow } from "./preference/truncated-negatives.ts";
export type { MasterKeyProbeOptions, MasterKeyReport } from "./judges/guard.ts";
export type { JudgeRequest, JudgeVerdict, Judge, JudgeImages } from "./judges/judge.ts";
export type { ListwiseAgreement, ListwiseAgreementOptions } from "./judges/listwise-agreement.ts";
export type { ListwiseVerdict } from "./judges/listwise-verdict.ts";
export type { Principle, ListwiseResult, ListwiseOptions } from "./judges/listwise.ts";
export type { PairwiseOptions, PairwiseVerdict, JudgeTrainingRow } from "./judges/pairwise.ts";
export type { JudgeRewardOptions } from "./judges/pointwise.ts";
export type { SupportLabel, VerifierLabel, BatchVerifierOptions, LabelQuality, VerifierQuality } from "./judges/verifier.ts";
export type { MergeOptions } from "./rules/merge.ts";
export type { RuleProposer, ExtractRulesOptions, RuleAgreement } from "./rules/mine.ts";
export type { RuleVote, ResidualSearchOptions, TestedRule, ResidualSearchResult } from "./rules/residual.ts";
export type { RuleCheck, Rule, RuleChecklistItem } from "./rules/rule.ts";
export type { ChiSquareOptions, ChiSquarePenalty, HackingBoundInput } from "./regularize/chi-square.ts";
export type { KlPenaltyOptions, KlPenalty } from "./regularize/kl.ts";
export type { DiscriminatorOptions, DiscriminatorState } from "./regularize/occupancy.ts";
export type { WeightDistancePenalty } from "./regularize/weight-distance.ts";
export type { PlanSearchProblem, PlanSearchOptions, SearchEnd, PlanSearchResult } from "./search/search-plan.ts";
export type { InferOptions } from "./search/step-values.ts";
export type {
  PolicyRow,
  ValueRow,
  SearchTrainingRows,
  TrainingRowOptions,
  SelfTrainingOptions,
  SelfTrainingRound,
} from "./search/training-rows.ts";
export type { StepCandidate, SearchNode, VisitedValue } from "./search/tree.ts";
export type { AuditVerdict, AuditCheck, AuditFinding, AuditThresholds, AuditOptions } from "./diagnostics/audit.ts";
export type { EnsembleDiversity } from "./diagnostics/ensembles.ts";
export type { Explanation, Features, AdditiveExplainer, ExplainOptions, ExplanationQuality } from "./diagnostics/explain.ts";
export type { HackingFigures, RewardCheckpoint, OveroptimizationPoint, OveroptimizationCurve } from "./diagnostics/overoptimization.ts";
export type { ProbeOptions, ProbeResult } from "./diagnostics/probes.ts";
export type { TabularReward, TabularProcess, RewardedTransition } from "./diagnostics/starc.ts";
export type { BuildOptions, BuiltReward, BuiltRewardState, CanaryRound, GroupContext, GroupInput, GroupReward } from "./spec/built.ts";
export type { ScorerNeed, TermSetting, Scorer } from "./spec/scorers.ts";
export type { TermSpec, TransformSpec, ProcessSpec, GroupSpec, ModifierSpec, RegularizerSpec, RewardSpec } from "./spec/spec.ts";
export type { RewardRole, RowEvidence, RewardRow } from "./core/rows.ts";
export type {
  StepOutcome,
  VerdictTruth,
  Rollout,
  PlanSample,
  Score,
  RewardTerm,
  AsyncRewardTerm,
  NamedScores,
  PreferencePair,
  PairLoss,
  FilterResult,
} from "./core/vocabulary.ts";
export type { ProofRow, ProofOptions } from "./proof/prove.ts";
