import type { PlanStep } from "@reverie/core";
import type { PlanSample } from "../core/vocabulary.ts";
import { stepKey } from "./plan-parts.ts";

// Co-Reward (Zhang et al. 2025), https://arxiv.org/abs/2508.00410.

/**
 * One spelling of a plan, for voting: undefined for a plan without steps, which never votes. Without it every vote would be unique.
 *
 * @param aliases - other names of objects, to the name that counts
 */
export function canonicalPlanKey(
  plan: readonly PlanStep[] | undefined,
  aliases: Readonly<Record<string, string>> = {},
): string | undefined {
  if (plan === undefined || plan.length === 0) return undefined;
  const named = (name: string): string => (Object.hasOwn(aliases, name) ? aliases[name]! : name);
  return plan
    .map(({ skill, args }) => stepKey({ skill, args: Object.fromEntries(Object.entries(args).map(([slot, name]) => [slot, named(name)])) }))
    .join("\n");
}

/** The most frequent answer, and its share of those that voted. */
export interface Vote {
  readonly label: string;
  /** In (0, 1]. */
  readonly share: number;
}

/**
 * The most frequent key; the first seen among equals. Answers without a key do not vote. Undefined when none votes.
 * Co-Reward (https://arxiv.org/abs/2508.00410).
 */
export function majorityVote(keys: readonly (string | undefined)[]): Vote | undefined {
  const counts = new Map<string, number>();
  for (const key of keys) if (typeof key === "string") counts.set(key, (counts.get(key) ?? 0) + 1);
  let [label, most, voters] = [undefined as string | undefined, 0, 0];
  for (const [key, count] of counts) {
    voters += count;
    if (count > most) [label, most] = [key, count];
  }
  return label === undefined ? undefined : { label, share: most / voters };
}

const against = (keys: readonly (string | undefined)[], vote: Vote | undefined): number[] =>
  keys.map((key) => (vote !== undefined && key === vote.label ? 1 : 0));

/**
 * Rewards without labels: answers to a task earn 1 when they agree with the majority of the answers to another view of it, and the other
 * way round, else 0. Crossing keeps a group from rewarding its own habit. Co-Reward (https://arxiv.org/abs/2508.00410).
 *
 * @param groupA - keys of the answers to the task, such as `canonicalPlanKey`; undefined for an unreadable one, which earns 0
 * @param groupB - keys of the answers to the view, in the words of the task (see `viewPairs`)
 */
export function crossReferenceReward(
  groupA: readonly (string | undefined)[],
  groupB: readonly (string | undefined)[],
): { readonly a: number[]; readonly b: number[] } {
  return { a: against(groupA, majorityVote(groupB)), b: against(groupB, majorityVote(groupA)) };
}

/** As `crossReferenceReward`, for samples; `toTask` turns a plan for the view back into one for the task. */
export function crossReferenceSamples(
  task: readonly PlanSample[],
  view: readonly PlanSample[],
  toTask: (plan: readonly PlanStep[]) => readonly PlanStep[] = (plan) => plan,
): { readonly a: number[]; readonly b: number[] } {
  return crossReferenceReward(
    task.map(({ predicted }) => canonicalPlanKey(predicted)),
    view.map(({ predicted }) => canonicalPlanKey(predicted && toTask(predicted))),
  );
}
