import { InputError } from "@reverie/core";
import type { PlanSample, PlanStep } from "../core/vocabulary.ts";
import { clamp } from "../transforms/finite.ts";

/** What a judge of one step is asked. */
export interface StepJudgeRequest {
  readonly sample: PlanSample;
  readonly step: PlanStep;
  /** Place of the step in the plan, from 0. */
  readonly index: number;
  /** What a good step does, in words. */
  readonly principles: readonly string[];
}

/** What a judge answers. */
export interface StepVerdict {
  readonly score: number;
  /** Largest score that the judge could have given, above 0. */
  readonly maximum: number;
}

export type StepJudge = (request: StepJudgeRequest) => Promise<StepVerdict>;

export interface PrincipleOptions {
  /** Longest plan that is judged. Default 64. */
  readonly steps?: number;
  /** How many steps are judged at the same time. Default 4. */
  readonly parallel?: number;
}

/**
 * Scores of steps from a judge that is told the principles: score / maximum, in [0, 1]. PPR (2025,
 * https://arxiv.org/abs/2509.25598). The outcome comes in with `renorm`. A rejected call of the judge rejects the whole.
 *
 * @param principles - at least one
 * @returns a function of the sample to one number for each predicted step; [] for an unreadable plan
 * @throws InputError when there are no principles or an option is no integer of at least 1; from the returned function, when the plan
 *   is too long or a verdict is no score of a maximum above 0
 */
export function principleProcessReward(
  judge: StepJudge,
  principles: readonly string[],
  options: PrincipleOptions = {},
): (sample: PlanSample) => Promise<number[]> {
  const { steps: longest = 64, parallel = 4 } = options;
  if (principles.length === 0) throw new InputError("principles", "expected at least one principle, got none.");
  for (const [name, value] of Object.entries({ steps: longest, parallel })) {
    if (!Number.isSafeInteger(value) || value < 1) throw new InputError(name, `expected an integer of at least 1, got ${value}.`);
  }
  return async (sample) => {
    const steps = sample.predicted ?? [];
    if (steps.length > longest) throw new InputError("predicted", `expected at most ${longest} steps to judge, got ${steps.length}.`);
    const scores = steps.map(() => 0);
    const waiting = steps.entries();
    let failed = false;
    const work = async (): Promise<void> => {
      for (const [index, step] of waiting) {
        // No further calls once one was in vain.
        if (failed) return;
        try {
          scores[index] = share(await judge({ sample, step, index, principles }), index);
        } catch (error) {
          failed = true;
          throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(parallel, steps.length) }, work));
    return scores;
  };
}

function share({ score, maximum }: StepVerdict, index: number): number {
  if (!Number.isFinite(score) || !(maximum > 0 && maximum < Infinity)) {
    throw new InputError(`verdicts[${index}]`, `expected a finite score of a positive maximum, got ${score} of ${maximum}.`);
  }
  return clamp(score / maximum, 0, 1);
}
