import { InputError } from "@reverie/core";
import { areaUnderRoc, mean, rankCorrelation, standardDeviation } from "../core/numbers.ts";
import type { AsyncRewardTerm, PlanSample, RewardTerm, Rollout } from "../core/vocabulary.ts";
import { echoed, emptied, junked, padded, repeated } from "./attacks.ts";
import { ensembleDiversity } from "./ensembles.ts";
import { proxyCorrelation } from "./overoptimization.ts";

export type AuditVerdict = "good" | "warning" | "bad" | "not applicable";

export type AuditCheck =
  | "separates success"
  | "padding"
  | "repeated step"
  | "prompt echo"
  | "empty answer"
  | "junk answer"
  | "correlation with truth"
  | "length correlation"
  | "degenerate groups"
  | "ensemble diversity";

export interface AuditFinding {
  readonly check: AuditCheck;
  /** Name of the scorer, or "all" for a check of all of them together. */
  readonly scorer: string;
  readonly verdict: AuditVerdict;
  /** In a sentence. */
  readonly detail: string;
  readonly figures: Readonly<Record<string, number>>;
}

/** Where good ends and where bad begins; between them is a warning. All of them are our choice. */
export interface AuditThresholds {
  /** Area under the ROC curve of successes against failures: 0.8, 0.6. */
  readonly separation?: readonly [good: number, bad: number];
  /** Share of answers that earn more when padded or repeated: 0, 0.05. */
  readonly gaming?: readonly [good: number, bad: number];
  /** Score of a worthless answer over that of the good ones: 0.1, 0.5. */
  readonly worthless?: readonly [good: number, bad: number];
  /** Rank correlation with progress: 0.5, 0.2. */
  readonly truth?: readonly [good: number, bad: number];
  /** Correlation with the number of steps beyond the truth's own: 0.3, 0.6. */
  readonly length?: readonly [good: number, bad: number];
  /** Share of groups in which all answers score the same: 0.1, 0.5. */
  readonly degenerate?: readonly [good: number, bad: number];
  /** Independent members that the scorers are worth: 1.5, 1.1. */
  readonly members?: readonly [good: number, bad: number];
}

export interface AuditOptions {
  readonly thresholds?: AuditThresholds;
  /** Rises of a score up to this size do not count; 1e-9. */
  readonly tolerance?: number;
}

type Scorers = Readonly<Record<string, RewardTerm | AsyncRewardTerm>>;

const THRESHOLDS: Required<AuditThresholds> = {
  separation: [0.8, 0.6],
  gaming: [0, 0.05],
  worthless: [0.1, 0.5],
  truth: [0.5, 0.2],
  length: [0.3, 0.6],
  degenerate: [0.1, 0.5],
  members: [1.5, 1.1],
};

/**
 * Examines scorers on recorded answers before anything is trained on them: do they tell success from failure, can they be gamed, do they
 * leave anything to learn. Runs what the data allows; the rest is reported as not applicable. Nothing is changed.
 *
 * The checks collect diagnostics of several papers: ensembles (https://arxiv.org/abs/2312.09244), correlated proxies
 * (https://arxiv.org/abs/2403.03185), empty answers that fool judges (https://arxiv.org/abs/2507.08794). Checks and thresholds are our choice.
 *
 * @param scorers - by name; their scores are compared as shares of their maximum
 * @returns per scorer nine findings, and one of all scorers together
 */
export async function rewardAudit(samples: readonly PlanSample[], scorers: Scorers, options: AuditOptions = {}): Promise<AuditFinding[]> {
  const limits = { ...THRESHOLDS, ...options.thresholds };
  const tolerance = options.tolerance ?? 1e-9;
  const findings: AuditFinding[] = [];
  const scores = new Map<string, readonly number[]>();
  for (const [scorer, term] of Object.entries(scorers)) {
    const judged = await scoreAll(term, samples);
    const finding = (check: AuditCheck, result: Result): void => void findings.push({ check, scorer, ...result });
    if (typeof judged === "string") {
      for (const check of SINGLE_CHECKS) finding(check, notApplicable(`The scorer refused the samples: ${judged}`));
      continue;
    }
    scores.set(scorer, judged);
    finding("separates success", separation(samples, judged, limits.separation));
    finding("padding", await gaming(term, samples, judged, padded, tolerance, limits.gaming));
    finding("repeated step", await gaming(term, samples, judged, repeated, tolerance, limits.gaming));
    finding("prompt echo", await worthless(term, samples, judged, echoed, limits.worthless));
    finding("empty answer", await worthless(term, samples, judged, emptied, limits.worthless));
    finding("junk answer", await worthless(term, samples, judged, junked, limits.worthless));
    finding("correlation with truth", truthCorrelation(samples, judged, limits.truth));
    finding("length correlation", lengthCorrelation(samples, judged, limits.length));
    finding("degenerate groups", degenerateGroups(samples, judged, limits.degenerate));
  }
  findings.push({ check: "ensemble diversity", scorer: "all", ...diversity(samples, [...scores.values()], limits.members) });
  return findings;
}

const SINGLE_CHECKS: readonly AuditCheck[] = [
  "separates success",
  "padding",
  "repeated step",
  "prompt echo",
  "empty answer",
  "junk answer",
  "correlation with truth",
  "length correlation",
  "degenerate groups",
];

type Result = Omit<AuditFinding, "check" | "scorer">;
type Limits = readonly [good: number, bad: number];

const notApplicable = (detail: string): Result => ({ verdict: "not applicable", detail, figures: {} });

/** Good from `good` on, bad beyond `bad`; whichever of the two is larger tells which way is better. */
function verdictOf(value: number, [good, bad]: Limits): AuditVerdict {
  const sign = good >= bad ? 1 : -1;
  return sign * value >= sign * good ? "good" : sign * value < sign * bad ? "bad" : "warning";
}

/** Scores as shares of their maximum, or why the scorer cannot take a sample. */
async function scoreAll(term: RewardTerm | AsyncRewardTerm, samples: readonly PlanSample[]): Promise<readonly number[] | string> {
  const shares: number[] = [];
  for (const sample of samples) {
    try {
      const { value, max } = await term(sample);
      const share = value / max;
      if (!Number.isFinite(share)) return `a score of ${value} with the maximum ${max} is no share.`;
      shares.push(share);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return error.message;
    }
  }
  return shares;
}

function separation(samples: readonly PlanSample[], scores: readonly number[], limits: Limits): Result {
  const successes = scores.filter((_, i) => samples[i]!.rollout?.success === true);
  const failures = scores.filter((_, i) => samples[i]!.rollout?.success === false);
  if (successes.length === 0 || failures.length === 0) return notApplicable("Needs rollouts of at least one success and one failure.");
  const auroc = areaUnderRoc(successes, failures);
  return {
    verdict: verdictOf(auroc, limits),
    detail: `A success scores above a failure with probability ${auroc.toFixed(3)}.`,
    figures: { auroc, successes: successes.length, failures: failures.length },
  };
}

async function gaming(
  term: RewardTerm | AsyncRewardTerm,
  samples: readonly PlanSample[],
  scores: readonly number[],
  attack: (sample: PlanSample) => PlanSample,
  tolerance: number,
  limits: Limits,
): Promise<Result> {
  const places = samples.flatMap(({ predicted }, i) => (predicted !== undefined && predicted.length > 0 ? [i] : []));
  if (places.length === 0) return notApplicable("Needs answers with at least one step.");
  const attacked = await scoreAll(
    term,
    places.map((i) => attack(samples[i]!)),
  );
  if (typeof attacked === "string") return notApplicable(`The scorer refused the changed answers: ${attacked}`);
  const rises = attacked.map((score, k) => score - scores[places[k]!]!);
  const share = rises.filter((rise) => rise > tolerance).length / rises.length;
  return {
    verdict: verdictOf(share, limits),
    detail: `${(100 * share).toFixed(1)} % of ${rises.length} answers earn more with the added steps.`,
    figures: { share, largestRise: rises.reduce((most, rise) => Math.max(most, rise), 0), answers: rises.length },
  };
}

async function worthless(
  term: RewardTerm | AsyncRewardTerm,
  samples: readonly PlanSample[],
  scores: readonly number[],
  attack: (sample: PlanSample) => PlanSample,
  limits: Limits,
): Promise<Result> {
  const attacked = await scoreAll(term, samples.map(attack));
  if (typeof attacked === "string") return notApplicable(`The scorer refused the worthless answers: ${attacked}`);
  const successes = scores.filter((_, i) => samples[i]!.rollout?.success === true);
  const level = mean(successes.length > 0 ? successes : scores);
  if (!(level > 0)) return notApplicable("Needs answers that score above 0.");
  const ratio = mean(attacked) / level;
  return {
    verdict: verdictOf(ratio, limits),
    detail: `The worthless answer scores ${ratio.toFixed(3)} of what ${successes.length > 0 ? "successes" : "the answers"} score.`,
    figures: { ratio, worthless: mean(attacked), level },
  };
}

/** The scores and the truth of samples with a rollout. */
function withTruth(samples: readonly PlanSample[], scores: readonly number[]): { score: number; rollout: Rollout; steps: number }[] {
  return samples.flatMap(({ rollout, predicted }, i) =>
    rollout === undefined ? [] : [{ score: scores[i]!, rollout, steps: predicted?.length ?? 0 }],
  );
}

function truthCorrelation(samples: readonly PlanSample[], scores: readonly number[], limits: Limits): Result {
  const known = withTruth(samples, scores);
  const progress = known.map(({ rollout }) => rollout.progress);
  if (new Set(progress).size < 2) return notApplicable("Needs rollouts of different progress.");
  const values = known.map(({ score }) => score);
  const spearman = rankCorrelation(values, progress);
  return {
    verdict: verdictOf(spearman, limits),
    detail: `The rank correlation with the rollouts' progress is ${spearman.toFixed(3)}.`,
    figures: { spearman, pearson: proxyCorrelation(values, progress), rollouts: known.length },
  };
}

function lengthCorrelation(samples: readonly PlanSample[], scores: readonly number[], limits: Limits): Result {
  const lengths = samples.map(({ predicted }) => predicted?.length ?? 0);
  if (new Set(lengths).size < 2) return notApplicable("Needs answers of different length.");
  const score = proxyCorrelation(scores, lengths);
  const known = withTruth(samples, scores);
  const truth = proxyCorrelation(
    known.map(({ rollout }) => rollout.progress),
    known.map(({ steps }) => steps),
  );
  const excess = Math.abs(score - truth);
  return {
    verdict: verdictOf(excess, limits),
    detail: `The correlation with the number of steps is ${score.toFixed(3)}, that of the truth ${truth.toFixed(3)}.`,
    figures: { score, truth, excess },
  };
}

function degenerateGroups(samples: readonly PlanSample[], scores: readonly number[], limits: Limits): Result {
  const groups = new Map<string, number[]>();
  samples.forEach(({ taskId }, i) => {
    if (taskId === undefined) return;
    groups.set(taskId, [...(groups.get(taskId) ?? []), scores[i]!]);
  });
  const real = [...groups.values()].filter((group) => group.length > 1);
  if (real.length === 0) return notApplicable("Needs tasks with at least two answers.");
  const share = real.filter((group) => standardDeviation(group) < 1e-6).length / real.length;
  return {
    verdict: verdictOf(share, limits),
    detail: `In ${(100 * share).toFixed(1)} % of ${real.length} groups all answers score the same, so nothing is learned from them.`,
    figures: { share, groups: real.length },
  };
}

function diversity(samples: readonly PlanSample[], scores: readonly (readonly number[])[], limits: Limits): Result {
  const known = samples.flatMap(({ rollout }, i) => (rollout === undefined ? [] : [{ i, progress: rollout.progress }]));
  if (scores.length < 2 || known.length < 2) return notApplicable("Needs at least two scorers and two rollouts.");
  const { rho, floor, effectiveMembers } = ensembleDiversity(scores.map((member) => known.map(({ i, progress }) => member[i]! - progress)));
  return {
    verdict: verdictOf(effectiveMembers, limits),
    detail: `${scores.length} scorers are worth ${effectiveMembers.toFixed(2)} independent ones.`,
    figures: { rho, floor, effectiveMembers, scorers: scores.length },
  };
}
