import type { PlanSample } from "../core/vocabulary.ts";
import { clipDelta, combineProcessOutcome, deltaProcess, progressDelta } from "../process/clip-delta.ts";
import { renorm, stepProgressReward } from "../process/outcome-gate.ts";
import type { ProcessSpec } from "./spec.ts";

/** Rewards of the executed steps, from the replay and the value of the whole; none without a replay. */
export function stepRewards(process: ProcessSpec, { rollout }: PlanSample, value: number): number[] {
  if (rollout === undefined) return [];
  if (process.kind === "renorm") return renorm(stepProgressReward(rollout), rollout.success ? 1 : 0);
  const progress = rollout.steps.map((step) => step.progress);
  return combineProcessOutcome(shaped(process, progress), value, process.alpha);
}

function shaped(process: Exclude<ProcessSpec, { kind: "renorm" }>, progress: readonly number[]): number[] {
  if (process.kind === "clip-delta") return clipDelta(progress, process.eta);
  return process.kind === "delta" ? deltaProcess(progress) : progressDelta(progress);
}
