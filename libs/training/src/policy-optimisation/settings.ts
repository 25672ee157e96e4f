import { InputError } from "@reverie/core";
import type { optim, OptimiserGroup } from "@reverie/tensor";
import type { SessionOptions } from "@reverie/tensor/node";
import type { OverlongOptions, PolicyLossName, PolicyLossOptions } from "./loss-options.ts";
import { checkPolicyLossOptions, overlongPenalty, POLICY_LOSS_PRESETS } from "./loss-options.ts";
import type { Policy } from "./policy.ts";
import type { PromptSource } from "./prompts.ts";
import type { RewardSource } from "./reward-source.ts";

/** What may differ from stage to stage. */
export interface PolicyStageOptions {
  /** Published setting that `loss` and `advantageScale` start from. @defaultValue "grpo" */
  readonly algorithm?: PolicyLossName;
  /** Departures from it. */
  readonly loss?: Partial<PolicyLossOptions>;
  /** What centred rewards are divided by: the deviation of their group, of the batch, or nothing. @defaultValue the algorithm's */
  readonly advantageScale?: "group" | "batch" | "none";
  /** Divisor of the deviation: of a population, or of a sample as in PyTorch. @defaultValue "population" */
  readonly deviation?: "population" | "sample";
  /** Groups whose rewards deviate no more than this teach nothing and are dropped. @defaultValue 1e-8 */
  readonly minimumSpread?: number;
  /** Groups of one iteration. */
  readonly promptsPerIteration?: number;
  /** Responses to each prompt, 2 or more. */
  readonly samplesPerPrompt?: number;
  /** Passes over the samples of an iteration. @defaultValue 1 */
  readonly epochs?: number;
  /** Updates of one pass; from the second on, samples are older than the policy and ratios differ from 1. @defaultValue 1 */
  readonly minibatches?: number;
  /**
   * Times that prompts are drawn for one iteration, until enough groups teach something (dynamic sampling of DAPO). 1 takes what comes.
   * @defaultValue 1
   */
  readonly samplingRounds?: number;
  /**
   * What becomes of responses without end token. "mask": they count in their group, but are not learned from (overlong filtering of DAPO).
   * "keep": as others. With lengths: `overlongPenalty` is added to every reward, and all are learned from. @defaultValue "mask"
   */
  readonly truncated?: "mask" | "keep" | OverlongOptions;
}

/** A stretch of the training. What it does not say is as in the trainer's own options. */
export interface PolicyStage extends PolicyStageOptions {
  readonly name: string;
  readonly iterations: number;
  /** Handed to the prompt source. @defaultValue the stage's place, from 0 */
  readonly level?: number;
  /** Whether the reference is the policy at this stage's start from here on. @defaultValue false */
  readonly renewReference?: boolean;
  /** Whether the optimiser's moments start anew; the learning rate's schedule goes on. @defaultValue false */
  readonly resetOptimiser?: boolean;
}

export interface PolicyTrainerOptions<Prompt> extends PolicyStageOptions {
  readonly policy: Policy<Prompt>;
  readonly prompts: PromptSource<Prompt>;
  readonly reward: RewardSource<Prompt>;
  readonly optimiser: optim.Optimiser | readonly OptimiserGroup[];
  readonly promptsPerIteration: number;
  readonly samplesPerPrompt: number;
  /** One after the other. */
  readonly stages: readonly PolicyStage[];
  /** Integer in [0, 2^32). @defaultValue 0 */
  readonly seed?: number;
  /** Largest norm of the gradients. @defaultValue 1 */
  readonly clipNorm?: number;
  /**
   * Whether the next samples are drawn while rewards are awaited. They then come from the policy one update older, which their ratios
   * account for. @defaultValue false
   */
  readonly overlapRewards?: boolean;
  /** Whether the divergence from the reference is reported where its weight is 0, at the price of one more forward pass. @defaultValue false */
  readonly reportKl?: boolean;
  /** Parts that an update's batch is computed in, to save memory. @defaultValue 1 */
  readonly microBatches?: number;
  /** Samples of one forward pass for old and reference probabilities. @defaultValue 32 */
  readonly forwardRows?: number;
  readonly session?: SessionOptions;
}

/** A stage with nothing left open. */
export interface ResolvedStage extends Required<Omit<PolicyStage, "algorithm" | "loss">> {
  readonly index: number;
  /** Iterations before it. */
  readonly start: number;
  readonly loss: PolicyLossOptions;
}

/** @throws InputError naming the stage's option that is out of range */
export function resolveStages<Prompt>(options: PolicyTrainerOptions<Prompt>): ResolvedStage[] {
  if (options.stages.length === 0) throw new InputError("stages", "expected one stage or more, got none.");
  let start = 0;
  return options.stages.map((stage, index) => {
    const path = `stages[${index}]`;
    const preset = POLICY_LOSS_PRESETS[stage.algorithm ?? options.algorithm ?? "grpo"];
    if (preset === undefined) throw new InputError(`${path}.algorithm`, `expected one of ${Object.keys(POLICY_LOSS_PRESETS).join(", ")}.`);
    // Departures of the trainer are departures from its own algorithm, not from that of a stage.
    const common: Pick<PolicyStageOptions, "loss" | "advantageScale"> = stage.algorithm === undefined ? options : {};
    const merged = { ...options, ...stage };
    const resolved: ResolvedStage = {
      name: stage.name,
      index,
      start,
      iterations: stage.iterations,
      level: stage.level ?? index,
      renewReference: stage.renewReference ?? false,
      resetOptimiser: stage.resetOptimiser ?? false,
      loss: { ...preset.loss, ...common.loss, ...stage.loss },
      advantageScale: stage.advantageScale ?? common.advantageScale ?? preset.advantageScale,
      deviation: merged.deviation ?? "population",
      minimumSpread: merged.minimumSpread ?? 1e-8,
      promptsPerIteration: merged.promptsPerIteration,
      samplesPerPrompt: merged.samplesPerPrompt,
      epochs: merged.epochs ?? 1,
      minibatches: merged.minibatches ?? 1,
      samplingRounds: merged.samplingRounds ?? 1,
      truncated: merged.truncated ?? "mask",
    };
    checkStage(resolved, path);
    start += stage.iterations;
    return resolved;
  });
}

function checkStage(stage: ResolvedStage, path: string): void {
  const { iterations, level, promptsPerIteration, samplesPerPrompt, epochs, minibatches, samplingRounds, truncated } = stage;
  const least = { iterations: 1, level: 0, promptsPerIteration: 1, samplesPerPrompt: 2, epochs: 1, minibatches: 1, samplingRounds: 1 };
  const counts = { iterations, level, promptsPerIteration, samplesPerPrompt, epochs, minibatches, samplingRounds };
  for (const [name, count] of Object.entries(counts)) {
    const low = least[name as keyof typeof least];
    if (!Number.isSafeInteger(count) || count < low)
      throw new InputError(`${path}.${name}`, `expected a whole number of ${low} or more, got ${count}.`);
  }
  if (!(stage.minimumSpread >= 0)) throw new InputError(`${path}.minimumSpread`, `expected 0 or more, got ${stage.minimumSpread}.`);
  if (typeof truncated === "string" && !["mask", "keep"].includes(truncated))
    throw new InputError(`${path}.truncated`, `expected "mask", "keep" or lengths, got "${truncated}".`);
  if (typeof truncated !== "string") overlongPenalty(0, truncated);
  checkPolicyLossOptions(stage.loss, `${path}.loss`);
}

/** The stage of an iteration; the last one for those after the end. */
export const stageAt = (stages: readonly ResolvedStage[], iteration: number): ResolvedStage =>
  stages.findLast(({ start }) => start <= iteration)!;
