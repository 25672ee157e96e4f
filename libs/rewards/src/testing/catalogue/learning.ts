import { chainPreferenceAdvantage } from "../../advantage/chain.ts";
import { confidenceGate, weightByUncertainty } from "../../advantage/confidence.ts";
import type { GroupAdvantageOptions } from "../../advantage/group.ts";
import { dropDegenerateGroups, groupRelativeAdvantage } from "../../advantage/group.ts";
import { hiddenRewardScores, nthrAttenuate, thrReweight } from "../../advantage/hidden-reward.ts";
import { redistributeAdvantage, stepCredit } from "../../advantage/step-credit.ts";
import { centerEnsemble } from "../../combine/ensemble.ts";
import { mean } from "../../core/numbers.ts";
import { clipDelta, clipProcess, combineProcessOutcome, deltaProcess, progressDelta } from "../../process/clip-delta.ts";
import type { OverlapRule } from "../../process/global-local.ts";
import { globalLocalImageReward, globalLocalReward } from "../../process/global-local.ts";
import { outcomeGatedProcess, renorm, stepProgressReward } from "../../process/outcome-gate.ts";
import { shapeEpisode } from "../../process/potential.ts";
import { principleProcessReward } from "../../process/principles.ts";
import { stepRewards } from "../../search/step-values.ts";
import { crossReferenceReward, crossReferenceSamples } from "../../terms/cross-reference.ts";
import { groupLengthPenalty } from "../../terms/hybrid.ts";
import { meanOneUncertaintyWeights } from "../../transforms/uncertainty.ts";
import { honestSample } from "../samples.ts";
import type { Stage } from "./stage.ts";
import { groupRule, modifier, process } from "./stage.ts";

const PAID_AGAIN =
  "A step that is scored as good pays in a good episode; stepProgressReward scores one that changes nothing 0, which earns nothing.";
const CREDIT = "Weights by which an answer's advantage is spread over its steps; redistributeAdvantage keeps their mean.";
const OVERLAPS: readonly OverlapRule[] = ["mean", "max", "min"];

/** A judge of steps that says what the scores say. */
const judged = (scores: readonly number[]): Promise<number[]> => {
  const score = principleProcessReward(async ({ index }) => ({ score: scores[index]!, maximum: 1 }), ["be useful"]);
  return score({ ...honestSample, predicted: scores.map(() => honestSample.predicted![0]!) });
};

const replayRewards = (scores: readonly number[]): number[] =>
  stepProgressReward({
    steps: scores.map((progress) => ({ skill: "pick", succeeded: true, progress })),
    success: false,
    progress: scores.at(-1) ?? 0,
  });

/** Scores of steps to rewards of steps. */
export const processStages: readonly Stage[] = [
  process("clipProcess", (scores) => clipProcess(scores, 0.7), { range: [-0.7, 0] }),
  process("deltaProcess", deltaProcess, { range: [-1, 1], leastSteps: 2, variant: "two steps or more" }),
  process("deltaProcess", deltaProcess, {
    range: [-1, 1],
    variant: "any number of steps",
    except: {
      padding: "The outcome pays the last step, so a single step earns nothing and a second one brings in the score of the first.",
    },
  }),
  process("clipDelta", (scores) => clipDelta(scores, 0.7), { range: [-0.7, 0.7] }),
  process("progressDelta", (scores) => progressDelta(scores), { range: [-1, 1] }),
  process("combineProcessOutcome", (scores) => combineProcessOutcome(clipDelta(scores, 0.7), 1), { variant: "after clip and delta" }),
  process("combineProcessOutcome", (scores) => combineProcessOutcome(scores, 1), {
    variant: "of raw scores",
    except: { padding: "It adds up what it is given; raw scores are what Clip and Delta exist for." },
  }),
  process("renorm", (scores) => renorm(scores, 0), { range: [-1, 0], variant: "failed episode" }),
  process("renorm", (scores) => renorm(scores, 1), { range: [0, 1], variant: "successful episode", except: { padding: PAID_AGAIN } }),
  ...(["renorm", "multiply", "correct-only"] as const).flatMap((mode) => [
    process("outcomeGatedProcess", (scores) => outcomeGatedProcess(scores, 0, mode), { range: [-1, 0], variant: `${mode}, failed` }),
    process("outcomeGatedProcess", (scores) => outcomeGatedProcess(scores, 1, mode), {
      range: [0, 1],
      variant: `${mode}, successful`,
      except: { padding: PAID_AGAIN },
    }),
  ]),
  process("stepProgressReward", replayRewards, { range: [0, 1] }),
  process(["renorm", "stepProgressReward"], (scores) => renorm(replayRewards(scores), 1), { range: [0, 1], variant: "of progress" }),
  process("principleProcessReward", judged, {
    range: [0, 1],
    except: { padding: "A judge's scores of single steps; they come into a reward through renorm or clipDelta." },
  }),
  ...OVERLAPS.flatMap((overlap) => [
    process(
      "globalLocalReward",
      (scores) =>
        globalLocalReward(
          scores.map((score, i) => ({ span: [i, i + 1], score })),
          0.5,
          scores.length,
          overlap,
        ),
      { domain: [-1, 1], range: [0, 1], variant: overlap, except: { padding: CREDIT } },
    ),
    process(
      "globalLocalImageReward",
      (scores) =>
        globalLocalImageReward(
          scores.map((score, i) => ({ box: [i, 0, i + 2, 1], score })),
          0.5,
          { width: scores.length, height: 1 },
          overlap,
        ),
      { domain: [-1, 1], range: [0, 1], variant: overlap, except: { padding: CREDIT } },
    ),
  ]),
  process("shapeEpisode", (potentials) => shapeEpisode([0, ...potentials], 1, { terminal: false }), { domain: [-1e6, 1e6] }),
  process("stepRewards", stepRewards, { range: [-1, 1] }),
];

const relativeOptions = (["group", "batch", "none"] as const).flatMap((scale) =>
  (["sum_then_normalize", "normalize_then_sum"] as const).map((aggregate): GroupAdvantageOptions => ({ scale, aggregate })),
);
const LABELS_NOT_RANKS = "A reward of 0 or 1 for agreeing with the vote; the group rule that follows centres it.";
const PENALTY = "A penalty of each answer, added to its reward before the group rule centres it.";
const votes = ["1", "2", "1"];

/** Rewards of one task's samples to advantages. */
export const groupStages: readonly Stage[] = [
  ...relativeOptions.flatMap((options) => [
    groupRule("groupRelativeAdvantage", (rewards) => groupRelativeAdvantage([rewards], options)[0]!, {
      variant: `${options.scale} ${options.aggregate}`,
    }),
    groupRule(
      "groupRelativeAdvantage",
      (rewards) =>
        groupRelativeAdvantage([[5, 1, 3], rewards.map((reward) => ({ match: reward, brevity: -reward * reward, same: 1 }))], options)[1]!,
      { variant: `${options.scale} ${options.aggregate}, of terms, in a batch` },
    ),
  ]),
  groupRule("chainPreferenceAdvantage", (rewards) => chainPreferenceAdvantage(rewards.map((reward) => ({ reward })))),
  groupRule(
    "chainPreferenceAdvantage",
    (rewards) =>
      chainPreferenceAdvantage(
        rewards.map((a) => ({ a, b: -a })),
        { outside: "zero", tieBreak: "sum" },
      ),
    { variant: "two dimensions that disagree" },
  ),
  groupRule(
    "chainPreferenceAdvantage",
    (rewards) =>
      chainPreferenceAdvantage(
        rewards.map((a) => ({ a, b: Math.abs(a) % 3 })),
        { tieBreak: "index" },
      ),
    { variant: "ties by place", except: { order: 'The tie-break "index" takes the samples that come first, as its documentation says.' } },
  ),
  groupRule("weightByUncertainty", (rewards) =>
    weightByUncertainty(
      rewards,
      rewards.map((reward) => 1 / (1 + Math.abs(reward))),
    ),
  ),
  groupRule(
    "weightByUncertainty",
    (rewards) => {
      const mask = rewards.map((reward) => reward < 5);
      return { ...weightByUncertainty(rewards, rewards.map(Math.abs), { mask }), mask };
    },
    { variant: "masked" },
  ),
  groupRule("dropDegenerateGroups", (rewards) => {
    const kept = dropDegenerateGroups([rewards]).kept.length > 0;
    return { advantages: rewards.map((reward) => (kept ? reward - mean(rewards) : 0)), mask: rewards.map(() => kept) };
  }),
  groupRule("centerEnsemble", (rewards) => ({ advantages: centerEnsemble([rewards])[0]! })),
  groupRule("groupLengthPenalty", (rewards) => lengthPenalties(rewards), {
    range: [-0.1, 0],
    except: { centred: PENALTY },
  }),
  groupRule(
    "crossReferenceReward",
    (rewards) => ({
      advantages: crossReferenceReward(
        rewards.map((r) => `${Math.round(r)}`),
        votes,
      ).a,
    }),
    {
      range: [0, 1],
      except: { centred: LABELS_NOT_RANKS, equal: LABELS_NOT_RANKS },
    },
  ),
  groupRule(
    "crossReferenceSamples",
    (rewards) => {
      const answers = rewards.map((reward) => ({
        ...honestSample,
        predicted: honestSample.predicted!.slice(0, Math.abs(Math.round(reward))),
      }));
      return { advantages: crossReferenceSamples(answers, [honestSample]).a };
    },
    { range: [0, 1], except: { centred: LABELS_NOT_RANKS, equal: LABELS_NOT_RANKS } },
  ),
];

function lengthPenalties(rewards: readonly number[]): { advantages: number[] } {
  return {
    advantages: groupLengthPenalty(
      rewards.map((reward) => 10 + reward),
      rewards.map((reward) => reward > 0),
    ),
  };
}

/** Three tokens of each answer; the first and second pull the correct answers' likelihood up and down. */
const tokens = (advantages: readonly number[]): number[][] => advantages.map((advantage) => [advantage, advantage, advantage]);
const correct = (advantages: readonly number[]): boolean[] => advantages.map((_, i) => i % 2 === 0);
const hiddenScores = (advantages: readonly number[]): number[][] =>
  hiddenRewardScores(
    advantages.map((_, i) => ({
      correct: i % 2 === 0,
      g: [0, 1, 2].map((token) => ({ ids: [token % 2], values: [token === i % 3 ? 0.8 : -0.4] })),
      h: [0, 1, 2].map((token) => [1, token - 1]),
    })),
  );
const uncertainties = (advantages: readonly number[]): number[] => advantages.map((_, i) => i / 2);

/** Advantages to advantages, of answers or of their tokens and steps. */
export const modifierStages: readonly Stage[] = [
  modifier("weightByUncertainty", (advantages) =>
    weightByUncertainty(advantages, uncertainties(advantages), { recentre: false }).advantages.map((advantage) => [advantage]),
  ),
  modifier("meanOneUncertaintyWeights", (advantages) => {
    const weights = meanOneUncertaintyWeights(uncertainties(advantages));
    // A weight of mean one may be as large as the batch.
    return advantages.map((advantage, i) => [(advantage / 8) * weights[i]!]);
  }),
  modifier("confidenceGate", (advantages) =>
    advantages.map((advantage, i) => [confidenceGate([i, 0], [[1, 1]], 1.5).keep ? advantage : 0]),
  ),
  modifier(["thrReweight", "hiddenRewardScores"], (advantages) => thrReweight(tokens(advantages), hiddenScores(advantages), { p: 0.5 })),
  modifier(
    ["thrReweight", "hiddenRewardScores"],
    (advantages) => thrReweight(tokens(advantages), hiddenScores(advantages), { p: -1, tau: 0.1, mode: "mask" }),
    { variant: "mask" },
  ),
  modifier(["nthrAttenuate", "hiddenRewardScores"], (advantages) =>
    nthrAttenuate(tokens(advantages), hiddenScores(advantages), correct(advantages)),
  ),
  modifier(
    "redistributeAdvantage",
    (advantages) => advantages.map((advantage) => redistributeAdvantage(advantage / 4, [0.1, 0.7, -2])),
    {},
  ),
  modifier("redistributeAdvantage", (advantages) => advantages.map((advantage) => redistributeAdvantage(advantage, [0.2, 0.1, 0.6])), {
    keepsMean: true,
    variant: "mean over steps",
  }),
  modifier("stepCredit", (advantages) =>
    advantages.map((advantage) =>
      stepCredit(
        [advantage / 2, advantage / 4, advantage],
        [
          [0, 2],
          [2, 3],
        ],
      ),
    ),
  ),
];
