import type { BuildOptions } from "./built.ts";
import { modifierOf } from "./modify.ts";
import type { RewardSpec } from "./spec.ts";

/** An option that a spec could use and was not passed. */
export interface MissingOption {
  readonly option: keyof BuildOptions;
  /** What happens instead, in a sentence. */
  readonly effect: string;
}

/** Options that the spec can do without, and that were not passed. */
export function missingOptions(spec: RewardSpec, options: BuildOptions): MissingOption[] {
  const missing: MissingOption[] = [];
  const note = (option: keyof BuildOptions, wanted: boolean, effect: string): void => {
    if (wanted && options[option] === undefined) missing.push({ option, effect });
  };
  const judged = spec.terms.some(({ term }) => term === "judge");
  const unsure = modifierOf(spec, "uncertainty-weight") !== undefined;
  note(
    "judge",
    judged,
    `the term "judge" is left out and the other terms share its weight${unsure ? "; all answers have the same uncertainty weight" : ""}.`,
  );
  note("confidence", modifierOf(spec, "confidence-gate") !== undefined, "the confidence gate keeps every answer.");
  note("occupancy", spec.regularizer !== undefined, "advantages have no occupancy penalty.");
  note(
    "model",
    spec.terms.some(({ term }) => term === "hybrid"),
    'answers without a reference are refused by the term "hybrid".',
  );
  return missing;
}

/** Whether scores of a reference policy change what the reward gives. */
export const usesReferences = ({ terms, transform, combine }: RewardSpec): boolean =>
  combine === "logical-and" || [transform, ...terms.map((term) => term.transform)].some((used) => used?.kind === "preference-as-reward");

/** What happens to a task without scores of a reference policy. */
export const withoutReferences = ({ combine }: RewardSpec): string =>
  combine === "logical-and"
    ? "references: tasks without reference scores are centred on 0; see learnReferences."
    : "references: tasks without reference scores keep their values untransformed; see learnReferences.";
