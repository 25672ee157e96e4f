import type { UpdateResult } from "./learner.ts";
import type { ScoredGroup, Stopwatch } from "./rollouts.ts";
import type { ResolvedStage } from "./settings.ts";
import type { TrainingRow } from "./training-batch.ts";

/** What the updates of an iteration found; token means over all of them unless said otherwise. */
export interface UpdateMetrics {
  readonly updates: number;
  /** Mean over updates. */
  readonly loss: number;
  /** Before clipping, mean over updates. */
  readonly gradientNorm: number;
  /** Of the last update. */
  readonly learningRate: number;
  readonly clipFraction: number;
  readonly ratioMean: number;
  /** Nats. */
  readonly entropy: number;
  /** k3 estimate of the divergence from the reference, in nats; only where there is one. */
  readonly kl?: number;
  /** Mean distance of the sampler's log probabilities from those of the training graph; only when the sampler says them. */
  readonly samplerGap?: number;
}

/** One iteration in numbers. All but `timing` are the same for the same seed. */
export interface IterationReport {
  /** From 1, over all stages. */
  readonly iteration: number;
  readonly stage: string;
  /** Of all samples drawn, before anything is added for length. */
  readonly rewardMean: number;
  /** Population deviation. */
  readonly rewardDeviation: number;
  /** Means of what rewards are made of, by name, over the samples that have it. */
  readonly rewardParts: Readonly<Record<string, number>>;
  /** Tokens of a response. */
  readonly lengthMean: number;
  /** Share of responses without end token. */
  readonly truncatedShare: number;
  /** Share of groups whose rewards were equal, so that they taught nothing. */
  readonly degenerateShare: number;
  readonly samplingRounds: number;
  /** Groups learned from. */
  readonly groups: number;
  /** Responses learned from. */
  readonly responses: number;
  /** Absent when no group taught anything. */
  readonly update?: UpdateMetrics;
  readonly timing: {
    readonly seconds: number;
    /** Tokens drawn in this iteration, for it or ahead of the next, by the time for drawing them and waiting for rewards. */
    readonly sampledTokensPerSecond: number;
    /** Share of the time in which nothing was done but wait for rewards; one computed in this process counts as waiting. */
    readonly rewardIdleShare: number;
  };
}

/** @param groups - all that were drawn; @param kept - how many of them were learned from */
export function iterationReport<Prompt>(facts: {
  readonly iteration: number;
  readonly stage: ResolvedStage;
  readonly groups: readonly ScoredGroup<Prompt>[];
  readonly kept: number;
  readonly rounds: number;
  readonly rows: readonly TrainingRow<Prompt>[];
  readonly updates: readonly UpdateResult[];
  readonly watch: Stopwatch;
  readonly milliseconds: number;
}): IterationReport {
  const { groups, updates, watch, milliseconds } = facts;
  const samples = groups.flatMap((group) => group.samples);
  const scores = groups.flatMap((group) => group.scores);
  const rewardMean = mean(scores);
  const busyMs = watch.samplingMs + watch.rewardMs;
  return {
    iteration: facts.iteration,
    stage: facts.stage.name,
    rewardMean,
    rewardDeviation: Math.sqrt(mean(scores.map((score) => (score - rewardMean) ** 2))),
    rewardParts: partMeans(groups),
    lengthMean: mean(samples.map(({ tokens }) => tokens.length)),
    truncatedShare: mean(samples.map(({ finish }) => (finish === "end" ? 0 : 1))),
    degenerateShare: mean(groups.map(({ teaches }) => (teaches ? 0 : 1))),
    samplingRounds: facts.rounds,
    groups: facts.kept,
    responses: facts.rows.length,
    ...(updates.length === 0 ? {} : { update: updateMetrics(updates, facts.rows) }),
    timing: {
      seconds: milliseconds / 1000,
      sampledTokensPerSecond: busyMs === 0 ? 0 : (1000 * watch.sampledTokens) / busyMs,
      rewardIdleShare: milliseconds === 0 ? 0 : watch.rewardMs / milliseconds,
    },
  };
}

function updateMetrics<Prompt>(updates: readonly UpdateResult[], rows: readonly TrainingRow<Prompt>[]): UpdateMetrics {
  const tokens = updates.reduce((sum, update) => sum + update.tokens, 0);
  const tokenMean = (name: string): number => updates.reduce((sum, update) => sum + update.metrics[name]! * update.tokens, 0) / tokens;
  const gap = samplerGap(rows);
  return {
    updates: updates.length,
    loss: mean(updates.map(({ loss }) => loss)),
    gradientNorm: mean(updates.map(({ gradientNorm }) => gradientNorm)),
    learningRate: updates.at(-1)!.learningRate,
    clipFraction: tokenMean("clipFraction"),
    ratioMean: tokenMean("ratioMean"),
    entropy: tokenMean("entropy"),
    ...(updates[0]!.metrics["kl"] === undefined ? {} : { kl: tokenMean("kl") }),
    ...(gap === undefined ? {} : { samplerGap: gap }),
  };
}

function samplerGap<Prompt>(rows: readonly TrainingRow<Prompt>[]): number | undefined {
  let sum = 0;
  let tokens = 0;
  for (const { old, sample } of rows) {
    const said = sample.samplerLogProbabilities;
    if (said === undefined) return undefined;
    tokens += old.length;
    old.forEach((value, t) => (sum += Math.abs(value - said[t]!)));
  }
  return tokens === 0 ? undefined : sum / tokens;
}

function partMeans<Prompt>(groups: readonly ScoredGroup<Prompt>[]): Record<string, number> {
  const values = new Map<string, number[]>();
  for (const part of groups.flatMap(({ parts = [] }) => parts)) {
    for (const [name, value] of Object.entries(part)) {
      const list = values.get(name);
      if (list === undefined) values.set(name, [value]);
      else list.push(value);
    }
  }
  return Object.fromEntries([...values].map(([name, list]) => [name, mean(list)]));
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
