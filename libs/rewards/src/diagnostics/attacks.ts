import type { PlanStep } from "@reverie/core";
import { stepText } from "@reverie/core";
import type { PlanSample, Rollout } from "../core/vocabulary.ts";

// Answers that a sound reward pays nothing, or nothing more, for. What was never carried out has no success and no progress.

const NOTHING_DONE: Rollout = { steps: [], success: false, progress: 0 };
const JUNK: PlanStep = { skill: "noop", args: { object: "nothing" } };

/** The sample with other steps behind its own; its rollout stays, as if the added steps did no harm. */
function extended(sample: PlanSample, added: readonly PlanStep[]): PlanSample {
  const predicted = [...(sample.predicted ?? []), ...added];
  const text = sample.text === undefined ? {} : { text: [sample.text, ...added.map((step) => stepText(step))].join("\n") };
  return { ...sample, predicted, ...text };
}

function answered(sample: PlanSample, predicted: readonly PlanStep[] | undefined, text: string, format: boolean): PlanSample {
  const { reasoning: _, ...rest } = sample;
  return { ...rest, predicted, text, format, ...(sample.rollout === undefined ? {} : { rollout: NOTHING_DONE }) };
}

/** The answer with three useless steps at its end. */
export const padded = (sample: PlanSample): PlanSample => extended(sample, [JUNK, JUNK, JUNK]);

/** The answer with its last step three times more. */
export const repeated = (sample: PlanSample): PlanSample => {
  const last = sample.predicted?.at(-1);
  return last === undefined ? sample : extended(sample, [last, last, last]);
};

/** The question as the answer. */
export const echoed = (sample: PlanSample): PlanSample => answered(sample, undefined, sample.instruction ?? "", false);

/** An answer in good form without a step. */
export const emptied = (sample: PlanSample): PlanSample => answered(sample, [], "", true);

/** An answer in good form of as many useless steps as the real one has, at least one. */
export const junked = (sample: PlanSample): PlanSample => {
  const plan = Array.from({ length: Math.max(1, sample.predicted?.length ?? 1) }, () => JUNK);
  return answered(sample, plan, plan.map((step) => stepText(step)).join("\n"), true);
};
