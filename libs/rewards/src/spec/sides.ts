import { InputError } from "@reverie/core";
import type { NamedScores, PlanSample } from "../core/vocabulary.ts";
import { canonicalPlanKey, crossReferenceReward, majorityVote } from "../terms/cross-reference.ts";
import type { GroupContext, GroupInput } from "./built.ts";
import { modifierOf } from "./modify.ts";
import type { RewardSpec } from "./spec.ts";

/** Samples of one task, or of one view of it, with the values of the terms that compare groups. */
export interface Side {
  readonly samples: readonly PlanSample[];
  readonly given?: readonly NamedScores[];
  /** Share of the most frequent plan; 0 when no plan could be read. */
  readonly majorityShare?: number;
  readonly context: GroupContext;
}

/**
 * The samples of a group, and after them those of its view, if it has one.
 *
 * @param strict - whether hidden responses that a modifier waits for must be there
 * @throws InputError when samples belong to several tasks, or the context has what the spec does not use
 */
export function sidesOf(spec: RewardSpec, { samples, ...context }: GroupInput, strict: boolean): Side[] {
  requireOneTask(samples);
  requireUsed(spec, context, strict);
  const { view } = context;
  if (view === undefined) return [{ samples, context }];
  requireOneTask(view.samples);
  const { toTask = (plan) => plan, aliases = {} } = view;
  const own = samples.map(({ predicted }) => canonicalPlanKey(predicted, aliases));
  const other = view.samples.map(({ predicted }) => canonicalPlanKey(predicted && toTask(predicted), aliases));
  const { a, b } = crossReferenceReward(own, other);
  return [
    { samples, given: named(a), majorityShare: majorityVote(own)?.share ?? 0, context },
    { samples: view.samples, given: named(b), majorityShare: majorityVote(other)?.share ?? 0, context: {} },
  ];
}

const named = (values: readonly number[]): NamedScores[] => values.map((value) => ({ "cross-reference": value }));

function requireUsed(spec: RewardSpec, { view, hidden }: GroupContext, strict: boolean): void {
  if (view !== undefined && !spec.terms.some(({ term }) => term === "cross-reference"))
    throw new InputError("context.view", 'only the term "cross-reference" compares views, and the spec has none; leave it out.');
  const modifier = modifierOf(spec, "token-hidden-reward");
  if (hidden !== undefined && modifier === undefined)
    throw new InputError("context.hidden", 'only the modifier "token-hidden-reward" reads them, and the spec has none; leave them out.');
  if (strict && hidden === undefined && modifier !== undefined)
    throw new InputError("context.hidden", 'the modifier "token-hidden-reward" waits for them, and the reward is strict; pass them.');
}

function requireOneTask(samples: readonly PlanSample[]): void {
  const other = samples.find(({ taskId }) => taskId !== samples[0]?.taskId);
  if (other !== undefined)
    throw new InputError("taskId", `a group holds samples of one task, got "${samples[0]?.taskId ?? ""}" and "${other.taskId ?? ""}".`);
}
