import type { PlanStep } from "@reverie/core";
import { stepText } from "@reverie/core";

// What several terms read out of a plan.

const fold = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replaceAll(/[\s-]+/g, "_");

/** One spelling of a step: names in lower case, `_` for spaces and hyphens, slots by name. Two steps are the same when their keys are. */
export function stepKey(step: PlanStep): string {
  const slots = Object.entries(step.args)
    .map(([slot, value]) => [fold(slot), fold(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return JSON.stringify([fold(step.skill), ...slots]);
}

/** Words of a text, in lower case: runs of letters and digits of any script. */
export const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** A plan in words, one step a line. */
export const planText = (steps: readonly PlanStep[]): string => steps.map((step) => stepText(step)).join("\n");

/** Runs of n neighbours as keys; a shorter, non-empty list is one run. */
export function ngrams(items: readonly string[], n: number): string[] {
  if (items.length === 0) return [];
  if (items.length <= n) return [JSON.stringify(items)];
  return Array.from({ length: items.length - n + 1 }, (_, i) => JSON.stringify(items.slice(i, i + n)));
}
