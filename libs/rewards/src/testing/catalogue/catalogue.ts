import { groupStages, modifierStages, processStages } from "./learning.ts";
import { lossStages, regulariserStages } from "./losses.ts";
import { notStages } from "./not-stages.ts";
import { combinerStages, transformStages } from "./numbers.ts";
import { registeredStages } from "./registered.ts";
import { spatialStages } from "./spatial.ts";
import type { Stage } from "./stage.ts";
import { termStages } from "./terms.ts";

/** An instance of everything that takes part in a reward, with the contract of its role. */
export const catalogue: readonly Stage[] = [
  ...termStages,
  ...spatialStages,
  ...registeredStages,
  ...transformStages,
  ...combinerStages,
  ...processStages,
  ...groupStages,
  ...modifierStages,
  ...lossStages,
  ...regulariserStages,
];

/** What is wrong with the classification of these exports, and what to do about it: a sentence for each. */
export function classificationProblems(names: readonly string[]): string[] {
  const stages = new Set<string>(catalogue.flatMap(({ of }) => of));
  const unknown = names.filter((name) => !stages.has(name) && !notStages.has(name));
  const gone = [...notStages.keys()].filter((name) => !names.includes(name));
  const twice = [...notStages.keys()].filter((name) => stages.has(name));
  return [
    ...unknown.map(
      (name) =>
        `"${name}" is exported, but no contract is run on it: add an instance to src/testing/catalogue/ under its role, or its name with a reason to not-stages.ts.`,
    ),
    ...gone.map((name) => `"${name}" is no export any more: take it out of not-stages.ts.`),
    ...twice.map((name) => `"${name}" has an instance in the catalogue: take it out of not-stages.ts.`),
  ];
}
