import { InputError } from "@reverie/core";
import type { PlanSample, PreferencePair } from "../core/vocabulary.ts";
import { comparePairs } from "./pairs.ts";

/** What people did with a plan that they were shown. */
export type FeedbackKind = "accepted" | "edited" | "rerun" | "aborted" | "forked";

export interface FeedbackEvent {
  readonly planId: string;
  readonly taskId: string;
  readonly kind: FeedbackKind;
  /** How often the plan has been shown so far. */
  readonly exposure: number;
  readonly sample: PlanSample;
}

export interface ImplicitFeedbackOptions {
  /** Plans shown less often take no part; those never shown never do. @defaultValue 1 */
  readonly minExposure?: number;
  /** Plans are not compared when one was shown more than this many times as often. @defaultValue 3 */
  readonly maxExposureRatio?: number;
  /** What each event says about the plan. Our choice. @defaultValue accepted and forked 1, edited and rerun 0, aborted -1 */
  readonly values?: Readonly<Partial<Record<FeedbackKind, number>>>;
}

const VALUES: Readonly<Record<FeedbackKind, number>> = { accepted: 1, forked: 1, edited: 0, rerun: 0, aborted: -1 };

interface ShownPlan {
  readonly taskId: string;
  readonly sum: number;
  readonly events: number;
  readonly exposure: number;
  readonly sample: PlanSample;
}

/**
 * Preference pairs from what operators did with plans: of two plans for one task the one whose events are better on the
 * mean was chosen. Plans with unlike exposure are not compared, as seldom shown is not disliked.
 *
 * Social Reward (Isajanyan et al. 2024), https://arxiv.org/abs/2402.09872: community feedback as preference, cleaned of
 * exposure bias. The kinds of events, their values and the ratio are our choice.
 *
 * @throws InputError when an exposure is not finite and at least 0, a kind is unknown, a plan comes for two tasks, or more than 100,000 pairs arise
 */
export function implicitPairs(
  events: readonly FeedbackEvent[],
  { minExposure = 1, maxExposureRatio = 3, values = {} }: ImplicitFeedbackOptions = {},
): PreferencePair[] {
  const plans = new Map<string, ShownPlan>();
  events.forEach(({ planId, taskId, kind, exposure, sample }, i) => {
    if (!(exposure >= 0 && exposure < Infinity))
      throw new InputError(`events[${i}].exposure`, `expected a finite number of at least 0, got ${exposure}.`);
    if (!Object.hasOwn(VALUES, kind)) throw new InputError(`events[${i}].kind`, `expected one of ${Object.keys(VALUES).join(", ")}.`);
    const before = plans.get(planId);
    if (before !== undefined && before.taskId !== taskId) throw new InputError(`events[${i}].taskId`, "expected one task for each plan.");
    plans.set(planId, {
      taskId,
      sum: (before?.sum ?? 0) + (values[kind] ?? VALUES[kind]),
      events: (before?.events ?? 0) + 1,
      exposure: Math.max(before?.exposure ?? 0, exposure),
      sample,
    });
  });
  const shown = [...plans.values()].filter(({ exposure }) => exposure > 0 && exposure >= minExposure);
  const pairs = comparePairs(shown, (a, b) => {
    const unlike = Math.max(a.exposure, b.exposure) > maxExposureRatio * Math.min(a.exposure, b.exposure);
    return { order: unlike ? 0 : a.sum / a.events - b.sum / b.events };
  });
  return pairs.map(({ taskId, chosen, rejected }) => ({
    taskId,
    chosen: chosen.sample,
    rejected: rejected.sample,
    source: "implicit feedback",
  }));
}
